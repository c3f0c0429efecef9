// The editor of a prompt, with the panel that tries it.
import {History, Save} from 'lucide-react';
import {useEffect, useMemo, useRef, useState} from 'react';
import {useSession} from '../../api/session';
import {Ago, Button, ErrorNote, Kbd, Note, useFeedback} from '../../ui';
import {isApple} from '../../shell/shell';
import {Conflict} from './conflict';
import type {Prompt} from './data';
import {contentOf, draftVariables, problemsOf} from './draft';
import {keepVariables, keptVariables} from './kept';
import {Messages} from './messages';
import {RunPanel} from './run-panel';
import {ModelSettings, ToolsAndSchema} from './settings-form';
import type {Editing} from './use-draft';
import type {Running} from './use-run';
import type {Saving} from './use-save';
import './edit.css';

function Banners({editing, saving}: {editing: Editing; saving: Saving}) {
  const offer = editing.offered[0];
  return (
    <>
      {offer && (
        <Note tone="info" actions={<>
          <Button size="small" onClick={() => editing.take(offer)}>Restore it</Button>
          <Button size="small" variant="ghost" onClick={() => editing.discardOffer(offer)}>Discard</Button>
        </>}>
          There is an unsaved draft from <Ago time={offer.at} />, begun from version {offer.baseVersion}.
        </Note>
      )}
      {editing.stale && (
        <Note tone="warn" actions={<Button size="small"
          onClick={() => saving.setConflict(editing.newest)}>Compare</Button>}>
          Version {editing.newest.version} was saved by {editing.newest.author ?? 'someone'} while you were editing. Your text is untouched.
        </Note>
      )}
      {saving.error !== null && <ErrorNote error={saving.error} />}
    </>
  );
}

function SaveBar({editing, saving}: {editing: Editing; saving: Saving}) {
  const {confirm} = useFeedback();
  const {dirty, base} = editing;
  const discard = async () => {
    const yes = await confirm({title: 'Discard your changes?',
      text: `The text goes back to version ${editing.newest.version}.`,
      confirm: 'Discard', danger: true});
    if (yes) editing.begin(editing.newest);
  };
  return (
    <div className="save-bar">
      <span className="save-state" role="status">
        <span className={`dot ${dirty ? 'warn' : ''}`} aria-hidden />{dirty ? 'Unsaved changes' : `Version ${base.version}`}
      </span>
      {dirty && !saving.valid && <span className="small has-errors">Something below has a mistake.</span>}
      <span className="grow" />
      {dirty && <>
        <input className="input save-note" aria-label="What changed, optional" placeholder="What changed? (optional)"
          maxLength={2000}
          value={saving.note} onChange={(event) => saving.setNote(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && saving.possible && void saving.save()} />
        <Button variant="ghost" icon={<History size={14} aria-hidden />} onClick={discard}>Discard</Button>
      </>}
      <Button variant="primary" icon={<Save size={14} aria-hidden />} busy={saving.busy} disabled={!saving.possible}
        title={`${isApple ? '⌘' : 'Ctrl+'}S`} onClick={() => void saving.save()}>Save</Button>
    </div>
  );
}

export function EditTab({prompt, editing, saving, run}: {
  prompt: Prompt;
  editing: Editing;
  saving: Saving;
  run: Running;
}) {
  const {project, can} = useSession();
  const {draft} = editing;
  const readOnly = !can('editor');
  const problems = useMemo(() => problemsOf(draft), [draft]);
  const variables = useMemo(() => draftVariables(draft), [draft]);
  const [values, setValues] = useState(() => keptVariables(project.id, prompt.slug));
  const {toast} = useFeedback();
  const mistakes = Object.keys(problems).length > 0;
  const blocked = mistakes ? 'Something in the editor has a mistake.'
    : draft.model === '' ? 'Choose a model to run it.' : null;

  const setValue = (name: string, value: string) => {
    const next = {...values, [name]: value};
    setValues(next);
    keepVariables(project.id, prompt.slug, next);
  };
  const start = () => {
    if (blocked || readOnly) return;
    const {content, model, ...rest} = contentOf(draft);
    void run.start({
      ...rest, content, model: model!, promptSlug: prompt.slug, tags: ['playground'],
      variables: Object.fromEntries(variables.map((name) => [name, values[name] ?? ''])),
    });
  };
  const keys = useRef({start, saving, toast});
  keys.current = {start, saving, toast};
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      // A dialog above the page has keys of its own.
      if (document.querySelector('[role="dialog"]')) return;
      if (event.key === 'Enter') {
        event.preventDefault();
        keys.current.start();
      } else if (event.key.toLowerCase() === 's' && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        if (keys.current.saving.possible) void keys.current.saving.save();
      }
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const tried = JSON.stringify(Object.fromEntries(variables.flatMap((name) =>
    (values[name] ? [[name, values[name]]] : []))));
  return (
    <div className="edit">
      <div className="column edit-main">
        <SaveBar editing={editing} saving={saving} />
        <Banners editing={editing} saving={saving} />
        {readOnly && <Note>Your role can look, but not change prompts.</Note>}
        <ModelSettings draft={draft} problems={problems} readOnly={readOnly} onChange={editing.change} />
        <Messages draft={draft} variables={variables} problems={problems} readOnly={readOnly}
          onChange={editing.change} />
        <ToolsAndSchema draft={draft} problems={problems} readOnly={readOnly} onChange={editing.change} />
        <p className="faint small hide-narrow">
          <Kbd>{isApple ? '⌘S' : 'Ctrl S'}</Kbd> saves a new version ·{' '}
          <Kbd>{isApple ? '⌘↵' : 'Ctrl ↵'}</Kbd> runs · <Kbd>Alt Shift ↑↓</Kbd> moves
          a message
        </p>
      </div>
      <RunPanel variables={variables} values={values} onValue={setValue} state={run.state} onRun={start}
        onStop={run.stop} blocked={blocked}
        playground={`/playground?prompt=${prompt.slug}&version=${editing.base.version}&variables=${encodeURIComponent(tried)}`} />
      {saving.conflict && (
        <Conflict base={editing.base} theirs={saving.conflict} mine={draft} busy={saving.busy}
          onClose={() => saving.setConflict(null)}
          onKeepMine={() => void saving.save(draft, saving.conflict!)}
          onTakeTheirs={() => {
            editing.begin(saving.conflict!, undefined, true);
            saving.setConflict(null);
            toast('This is their version now. Yours is set aside above the editor.');
          }}
          onMerge={(merged) => {
            editing.begin(saving.conflict!, merged, true);
            saving.setConflict(null);
            toast('Merged. Look it over, then save.');
          }} />
      )}
    </div>
  );
}
