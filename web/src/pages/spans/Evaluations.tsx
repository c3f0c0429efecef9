// What people and programs think of a span: thumbs, a score between, a note.
import {Gauge, Pencil, ThumbsDown, ThumbsUp, Trash2} from 'lucide-react';
import {useRef, useState, type FormEvent} from 'react';
import {useSession} from '../../api/session';
import {
  Ago,
  Badge,
  Button,
  Card,
  Dialog,
  ErrorNote,
  Field,
  formatNumber,
  IconButton,
  SelectField,
  TextArea,
  useFeedback,
} from '../../ui';
import {draftText, qualityEvaluator, readValue, valueHint, type Evaluator} from './evaluation-value';
import {useEvaluations, useEvaluators, type EvaluationDraft, type Span} from './span-query';

type Evaluation = Span['evaluations'][number];

const sources: Record<string, string> = {dashboard: 'a person here', sdk: 'an application', api: 'an application'};

function Value({evaluation, evaluator}: {evaluation: Evaluation; evaluator?: Evaluator}) {
  if (evaluation.category !== undefined)
    return (
      <Badge tone="info">
        <bdi className="truncate">{evaluation.category}</bdi>
      </Badge>
    );
  if (evaluator?.type === 'boolean')
    return <Badge tone={evaluation.value ? 'good' : 'bad'}>{evaluation.value ? 'Yes' : 'No'}</Badge>;
  if (evaluation.evaluatorKey === 'quality' && evaluation.value === 1)
    return (
      <Badge tone="good">
        <ThumbsUp size={12} aria-hidden />
        Good
      </Badge>
    );
  if (evaluation.evaluatorKey === 'quality' && evaluation.value === 0)
    return (
      <Badge tone="bad">
        <ThumbsDown size={12} aria-hidden />
        Bad
      </Badge>
    );
  return <Badge tone="info">{formatNumber(evaluation.value)}</Badge>;
}

// What the form holds: the value as it is typed or chosen.
interface Draft {
  id?: string;
  evaluatorKey: string;
  text: string;
  note: string;
}

function ValueField({
  evaluator,
  text,
  onChange,
  error,
}: {
  evaluator: Evaluator;
  text: string;
  onChange: (text: string) => void;
  error: string | null;
}) {
  const choices =
    evaluator.type === 'boolean'
      ? [
          {value: 'true', label: 'Yes'},
          {value: 'false', label: 'No'},
        ]
      : evaluator.categories?.map((category) => ({value: category, label: category}));
  if (choices) {
    return (
      <SelectField
        label="Value"
        error={error}
        value={text}
        onChange={onChange}
        options={[{value: '', label: 'Choose…', disabled: true}, ...choices]}
      />
    );
  }
  return (
    <Field label="Score" hint={valueHint(evaluator)} error={error}>
      {(control) => (
        <input
          {...control}
          className="input"
          inputMode="decimal"
          autoFocus
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

// A score with its note; also to change one that is there.
function ScoreDialog({
  draft,
  evaluators,
  onClose,
  save,
}: {
  draft: Draft;
  evaluators: Evaluator[];
  onClose: () => void;
  save: ReturnType<typeof useEvaluations>['save'];
}) {
  const [key, setKey] = useState(draft.evaluatorKey);
  const [text, setText] = useState(draft.text);
  const [note, setNote] = useState(draft.note);
  const [tried, setTried] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const evaluator = evaluators.find((candidate) => candidate.key === key) ?? {...qualityEvaluator, key, name: key};
  const read = readValue(evaluator, text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (read.value === undefined) return;
    const wanted: EvaluationDraft = {id: draft.id, evaluatorKey: key, value: read.value, note};
    // A button that was busy has lost the focus; back to where one writes.
    save.mutate(wanted, {onSuccess: onClose, onError: () => form.current?.querySelector('textarea')?.focus()});
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={draft.id ? 'Change the evaluation' : 'Give a score'}>
      <form
        className="column"
        ref={form}
        onSubmit={submit}
        onKeyDown={(event) => (event.ctrlKey || event.metaKey) && ['s', 'Enter'].includes(event.key) && submit(event)}>
        {evaluators.length > 1 && (
          <SelectField
            label="Evaluator"
            value={key}
            disabled={draft.id !== undefined}
            onChange={(chosen) => {
              setKey(chosen);
              setText('');
              setTried(false);
            }}
            options={evaluators.map((candidate) => ({value: candidate.key, label: candidate.name}))}
          />
        )}
        <ValueField evaluator={evaluator} text={text} onChange={setText} error={tried ? read.problem : null} />
        <TextArea label="Note" value={note} onChange={setNote} maxLength={4000} rows={4} placeholder="Why? Optional." />
        {save.isError && <ErrorNote error={save.error} />}
        <div className="row">
          <Button type="submit" variant="primary" busy={save.isPending}>
            Save
          </Button>
          <Button variant="ghost" onClick={onClose}>
            Cancel
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function Evaluations({span}: {span: Span}) {
  const {can} = useSession();
  const {confirm, toastError} = useFeedback();
  const {save, remove} = useEvaluations({spanId: span.spanId, traceId: span.traceId});
  const [draft, setDraft] = useState<Draft | null>(null);
  const may = can('editor');
  const evaluators = useEvaluators(may || span.evaluations.length > 0).data?.evaluators ?? [qualityEvaluator];
  const evaluatorOf = (key: string) => evaluators.find((candidate) => candidate.key === key);
  const thumb = (value: 0 | 1) => save.mutate({evaluatorKey: 'quality', value, note: ''}, {onError: toastError});
  const drop = async (evaluation: Evaluation) => {
    if (
      !(await confirm({
        title: 'Delete this evaluation?',
        text: 'It cannot be brought back.',
        confirm: 'Delete',
        danger: true,
      }))
    )
      return;
    remove.mutate(evaluation.id, {onError: toastError});
  };
  const open = (next: Draft) => {
    save.reset();
    setDraft(next);
  };
  return (
    <Card title="Evaluations" className="evaluations">
      {may && (
        <div className="row wrapping">
          <Button
            size="small"
            icon={<ThumbsUp size={13} aria-hidden />}
            disabled={save.isPending}
            onClick={() => thumb(1)}>
            Good
          </Button>
          <Button
            size="small"
            icon={<ThumbsDown size={13} aria-hidden />}
            disabled={save.isPending}
            onClick={() => thumb(0)}>
            Bad
          </Button>
          <Button
            size="small"
            icon={<Gauge size={13} aria-hidden />}
            onClick={() => open({evaluatorKey: 'quality', text: '', note: ''})}>
            Score and note…
          </Button>
        </div>
      )}
      {span.evaluations.length === 0 ? (
        <p className="soft">
          {may ? 'Nobody has judged this answer yet.' : 'Nobody has judged this answer yet; editors may.'}
        </p>
      ) : (
        <ul className="evaluation-list" aria-label="Evaluations">
          {span.evaluations.map((evaluation) => (
            <li key={evaluation.id}>
              <div className="row">
                <span className="truncate isolate">{evaluation.evaluatorName}</span>
                <Value evaluation={evaluation} evaluator={evaluatorOf(evaluation.evaluatorKey)} />
                <span className="grow" />
                {may && (
                  <>
                    <IconButton
                      size="small"
                      label="Change"
                      onClick={() =>
                        open({
                          id: evaluation.id,
                          evaluatorKey: evaluation.evaluatorKey,
                          note: evaluation.note ?? '',
                          text: draftText(evaluation, evaluatorOf(evaluation.evaluatorKey)),
                        })
                      }>
                      <Pencil size={13} aria-hidden />
                    </IconButton>
                    <IconButton size="small" label="Delete" onClick={() => void drop(evaluation)}>
                      <Trash2 size={13} aria-hidden />
                    </IconButton>
                  </>
                )}
              </div>
              {evaluation.note && <p className="plain-text">{evaluation.note}</p>}
              <p className="faint small">
                By {sources[evaluation.source] ?? evaluation.source}, <Ago time={evaluation.createdAt} />
              </p>
            </li>
          ))}
        </ul>
      )}
      {draft && <ScoreDialog draft={draft} evaluators={evaluators} save={save} onClose={() => setDraft(null)} />}
    </Card>
  );
}
