// Name, slug and description of a prompt; deleting it.
import {useQueryClient} from '@tanstack/react-query';
import {useState, type FormEvent} from 'react';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Dialog, ErrorNote, Note, TextArea, TextField, plural, useFeedback} from '../../ui';
import {useAdoptPrompt, type Prompt} from './data';
import {keepVariables, keptVariables, moveDrafts} from './kept';

const slugPattern = /^[a-z0-9][a-z0-9_-]{0,127}$/;

export function RenamePrompt({prompt, onClose, onMoved}: {
  prompt: Prompt;
  onClose: () => void;
  onMoved: (slug: string) => void; // to another address
}) {
  const {project} = useSession();
  const {toast} = useFeedback();
  const adopt = useAdoptPrompt();
  const [name, setName] = useState(prompt.name);
  const [slug, setSlug] = useState(prompt.slug);
  const [description, setDescription] = useState(prompt.description ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const slugProblem = slugPattern.test(slug) ? null
    : 'Lower-case letters, digits, - and _, beginning with a letter or digit.';
  const possible = name.trim() !== '' && !slugProblem && !busy;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!possible) return;
    setBusy(true);
    setError(null);
    try {
      const saved = await call(api.PUT('/api/v1/prompts/{slug}', {
        params: {path: {slug: prompt.slug}}, body: {name: name.trim(), slug, description: description.trim() || null},
      }));
      adopt(saved);
      toast('Saved.');
      onClose();
      if (saved.slug !== prompt.slug) {
        keepVariables(project.id, saved.slug, keptVariables(project.id, prompt.slug));
        moveDrafts(project.id, prompt.slug, saved.slug);
        onMoved(saved.slug);
      }
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Rename and describe">
      <form className="column" onSubmit={save}>
        <TextField label="Name" value={name} onChange={setName} maxLength={200} autoFocus required />
        <TextField label="Slug" value={slug} onChange={setSlug} maxLength={128} error={slugProblem} className="mono"
          hint="How code calls this prompt." />
        {slug !== prompt.slug && !slugProblem && (
          <Note tone="warn">Code that asks for “{prompt.slug}” will not find it any more. Change it there too.</Note>
        )}
        <TextArea label="Description" value={description} onChange={setDescription} maxLength={4000}
          placeholder="What it is for (optional)" />
        {error !== null && <ErrorNote error={error} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!possible}>Save</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function DeletePrompt({prompt, onClose, onDeleted}: {prompt: Prompt; onClose: () => void; onDeleted: () =>
  void}) {
  const {project} = useSession();
  const queries = useQueryClient();
  const {toast} = useFeedback();
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const labels = Object.keys(prompt.labels);
  const possible = typed === prompt.slug && !busy;
  const remove = async (event: FormEvent) => {
    event.preventDefault();
    if (!possible) return;
    setBusy(true);
    setError(null);
    try {
      await call(api.DELETE('/api/v1/prompts/{slug}', {params: {path: {slug: prompt.slug}}}));
      toast(`“${prompt.name}” was deleted.`);
      onDeleted();
      void queries.invalidateQueries({queryKey: ['prompts', project.id]});
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Delete “${prompt.name}”?`}
      description={`This deletes ${plural(prompt.currentVersion, 'version')}${labels.length ? `,
        ${plural(labels.length, 'label')} (${labels.join(', ')})` : ''} ` +
        'and its experiments. Code that runs it will fail. Its spans stay. It cannot be undone.'}>
      <form className="column" onSubmit={remove}>
        <TextField label={<>Type <code>{prompt.slug}</code> to confirm</>} value={typed} onChange={setTyped} autoFocus
          autoComplete="off" />
        {error !== null && <ErrorNote error={error} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="danger" busy={busy} disabled={!possible}>Delete prompt</Button>
        </div>
      </form>
    </Dialog>
  );
}
