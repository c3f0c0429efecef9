// Labels of versions: moved by a menu, or by dragging one onto a version.
import {Tag} from 'lucide-react';
import {useState, type FormEvent} from 'react';
import {api, call} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Dialog, ErrorNote, IconButton, Menu, TextField, useFeedback} from '../../ui';
import {useRefreshPrompt, type Prompt} from './data';

export const labelType = 'application/x-tracia-label';
const labelPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export function useLabels(prompt: Prompt) {
  const {toast, toastError} = useFeedback();
  const refresh = useRefreshPrompt(prompt.slug);
  const put = (label: string, version: number) => call(api.PUT('/api/v1/prompts/{slug}/labels/{label}', {
    params: {path: {slug: prompt.slug, label}}, body: {version},
  }));
  const drop = (label: string) => call(api.DELETE('/api/v1/prompts/{slug}/labels/{label}',
    {params: {path: {slug: prompt.slug, label}}}));
  const undo = (label: string, version: number | null) => async () => {
    try {
      if (version === null) await drop(label);
      else await put(label, version);
      await refresh();
    } catch (error) {
      toastError(error);
    }
  };
  return {
    // Throws what the server says.
    async move(label: string, version: number) {
      if (prompt.labels[label] === version) return;
      const answer = await put(label, version);
      await refresh();
      toast(<><b>{label}</b> points at version {version} now.</>,
        {label: 'Undo', onPress: undo(label, answer.previousVersion)});
    },
    async remove(label: string) {
      const before = prompt.labels[label]!;
      await drop(label);
      await refresh();
      toast(<>The label <b>{label}</b> was removed.</>, {label: 'Undo', onPress: undo(label, before)});
    },
  };
}

export function LabelMenu({prompt, version}: {prompt: Prompt; version: number}) {
  const {can} = useSession();
  const {toastError} = useFeedback();
  const {move, remove} = useLabels(prompt);
  const [adding, setAdding] = useState(false);
  if (!can('editor')) return null;
  const here = Object.keys(prompt.labels).filter((label) => prompt.labels[label] === version);
  const elsewhere = [...new Set([...Object.keys(prompt.labels), 'production', 'staging'])].filter((label) =>
    !here.includes(label));
  const guard = (work: Promise<void>) => void work.catch(toastError);
  return (
    <>
      <Menu label={`Labels of version ${version}`}
        trigger={<IconButton size="small" label={`Labels of version ${version}`}><Tag
          size={14} aria-hidden /></IconButton>}
        items={[
          ...elsewhere.map((label) => ({
            label: <>Move <b>{label}</b> here</>, hint: prompt.labels[label] ? `from v${prompt.labels[label]}` : 'new',
            onSelect: () => guard(move(label, version)),
          })),
          {label: 'New label…', onSelect: () => setAdding(true)},
          ...(here.length ? ['separator' as const] : []),
          ...here.map((label) => ({
            label: <>Remove <b>{label}</b></>, danger: true, disabled: label === prompt.defaultLabel,
            hint: label === prompt.defaultLabel ? 'runs by default' : undefined, onSelect: () => guard(remove(label)),
          })),
        ]} />
      {adding && <NewLabel version={version} onClose={() => setAdding(false)} onMove={move} />}
    </>
  );
}

function NewLabel({version, onClose, onMove}: {version: number; onClose: () =>
  void; onMove: (label: string, version: number) => Promise<void>}) {
  const [label, setLabel] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const problem = label === '' || labelPattern.test(label) ? null : 'Lower-case letters, digits, - and _.';
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (problem || !label || busy) return;
    setBusy(true);
    try {
      await onMove(label, version);
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`A label for version ${version}`}
      description="A label is a name that can be moved to another version, so that code need not change.">
      <form className="column" onSubmit={save}>
        <TextField label="Label" value={label} onChange={setLabel} error={problem} maxLength={64} autoFocus
          placeholder="such as production" />
        {error !== null && <ErrorNote error={error} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!label || Boolean(problem)}>Set label</Button>
        </div>
      </form>
    </Dialog>
  );
}
