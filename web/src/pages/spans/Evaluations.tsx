// What people and programs think of a span: thumbs, a score between, a note.
import {Gauge, Pencil, ThumbsDown, ThumbsUp, Trash2} from 'lucide-react';
import {useRef, useState, type FormEvent} from 'react';
import {useSession} from '../../api/session';
import {Ago, Badge, Button, Card, Dialog, ErrorNote, Field, formatNumber, IconButton, TextArea, useFeedback} from '../../ui';
import {useEvaluations, type EvaluationDraft, type Span} from './span-query';

type Evaluation = Span['evaluations'][number];

const sources: Record<string, string> = {dashboard: 'a person here', sdk: 'an application', api: 'an application'};

function Value({evaluation}: {evaluation: Evaluation}) {
  if (evaluation.evaluatorKey === 'quality' && evaluation.value === 1) return <Badge tone="good"><ThumbsUp size={12} aria-hidden />Good</Badge>;
  if (evaluation.evaluatorKey === 'quality' && evaluation.value === 0) return <Badge tone="bad"><ThumbsDown size={12} aria-hidden />Bad</Badge>;
  return <Badge tone="info">{formatNumber(evaluation.value)}</Badge>;
}

// A score with its note; also to change one that is there.
function ScoreDialog({draft, onClose, save}: {
  draft: EvaluationDraft;
  onClose: () => void;
  save: ReturnType<typeof useEvaluations>['save'];
}) {
  const [score, setScore] = useState(String(draft.value));
  const [note, setNote] = useState(draft.note);
  const form = useRef<HTMLFormElement>(null);
  const value = Number(score);
  const wrong = score.trim() === '' || !Number.isFinite(value) ? 'A number, please.' : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong) return;
    // A button that was busy has lost the focus; back to where one writes.
    save.mutate({...draft, value, note}, {onSuccess: onClose, onError: () => form.current?.querySelector('textarea')?.focus()});
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={draft.id ? 'Change the evaluation' : 'Give a score'}>
      <form className="column" ref={form} onSubmit={submit}
        onKeyDown={(event) => (event.ctrlKey || event.metaKey) && ['s', 'Enter'].includes(event.key) && submit(event)}>
        <div className="row">
          <Field label="Score" hint="1 is good, 0 is bad; anything between is fine." error={wrong}>
            {(control) => <input {...control} className="input" inputMode="decimal" autoFocus value={score}
              onChange={(event) => setScore(event.target.value)} />}
          </Field>
        </div>
        <TextArea label="Note" value={note} onChange={setNote} maxLength={4000} rows={4} placeholder="Why? Optional." />
        {save.isError && <ErrorNote error={save.error} />}
        <div className="row"><Button type="submit" variant="primary" busy={save.isPending}>Save</Button>
          <Button variant="ghost" onClick={onClose}>Cancel</Button></div>
      </form>
    </Dialog>
  );
}

export function Evaluations({span}: {span: Span}) {
  const {can} = useSession();
  const {confirm, toastError} = useFeedback();
  const {save, remove} = useEvaluations({spanId: span.spanId, traceId: span.traceId});
  const [draft, setDraft] = useState<EvaluationDraft | null>(null);
  const may = can('editor');
  const thumb = (value: 0 | 1) => save.mutate({evaluatorKey: 'quality', value, note: ''}, {onError: toastError});
  const drop = async (evaluation: Evaluation) => {
    if (!await confirm({title: 'Delete this evaluation?', text: 'It cannot be brought back.', confirm: 'Delete', danger: true})) return;
    remove.mutate(evaluation.id, {onError: toastError});
  };
  const open = (next: EvaluationDraft) => {
    save.reset();
    setDraft(next);
  };
  return (
    <Card title="Evaluations" className="evaluations">
      {may && (
        <div className="row wrapping">
          <Button size="small" icon={<ThumbsUp size={13} aria-hidden />} disabled={save.isPending} onClick={() => thumb(1)}>Good</Button>
          <Button size="small" icon={<ThumbsDown size={13} aria-hidden />} disabled={save.isPending} onClick={() => thumb(0)}>Bad</Button>
          <Button size="small" icon={<Gauge size={13} aria-hidden />} onClick={() => open({evaluatorKey: 'quality', value: 1, note: ''})}>Score and note…</Button>
        </div>
      )}
      {span.evaluations.length === 0
        ? <p className="soft">{may ? 'Nobody has judged this answer yet.' : 'Nobody has judged this answer yet; editors may.'}</p>
        : (
          <ul className="evaluation-list" aria-label="Evaluations">
            {span.evaluations.map((evaluation) => (
              <li key={evaluation.id}>
                <div className="row">
                  <span className="truncate isolate">{evaluation.evaluatorName}</span>
                  <Value evaluation={evaluation} />
                  <span className="grow" />
                  {may && <>
                    <IconButton size="small" label="Change" onClick={() => open({
                      id: evaluation.id, evaluatorKey: evaluation.evaluatorKey, value: evaluation.value, note: evaluation.note ?? '',
                    })}><Pencil size={13} aria-hidden /></IconButton>
                    <IconButton size="small" label="Delete" onClick={() => void drop(evaluation)}><Trash2 size={13} aria-hidden /></IconButton>
                  </>}
                </div>
                {evaluation.note && <p className="plain-text">{evaluation.note}</p>}
                <p className="faint small">By {sources[evaluation.source] ?? evaluation.source}, <Ago time={evaluation.createdAt} /></p>
              </li>
            ))}
          </ul>
        )}
      {draft && <ScoreDialog draft={draft} save={save} onClose={() => setDraft(null)} />}
    </Card>
  );
}
