// Saves a column: as the next version of its prompt (or another one), or as a new prompt.
import {useQueryClient} from '@tanstack/react-query';
import {useState, type FormEvent} from 'react';
import {api, ApiError, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {Button, Dialog, ErrorNote, Note, SelectField, TextArea, TextField} from '../../ui';
import {slugOf, toVersion, type Column} from './model';
import {usePrompts} from './pick';

interface Saved {
  prompt: Schemas['Prompt'];
  unchanged: boolean;
}

// The newest version that this page knows of; 409 when somebody made another meanwhile.
function knownNewest(column: Column, slug: string, listed: number | undefined): number | undefined {
  return column.source?.kind === 'version' && column.source.slug === slug ? column.source.newest : listed;
}

export function Save({
  column,
  onSaved,
  onClose,
}: {
  column: Column;
  onSaved: (saved: Saved) => void;
  onClose: () => void;
}) {
  const {project} = useSession();
  const queries = useQueryClient();
  const prompts = usePrompts();
  const own = slugOf(column);
  const [target, setTarget] = useState<string>(own ?? '');
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [newer, setNewer] = useState<number | null>(null); // a version that somebody saved meanwhile
  const listed = prompts.data?.prompts.find((prompt) => prompt.slug === target);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = {...toVersion(column), note: note.trim() || null};
      let saved: Saved;
      if (target === '')
        saved = {prompt: await call(api.POST('/api/v1/prompts', {body: {...body, name}})), unchanged: false};
      else {
        const baseVersion = newer ?? knownNewest(column, target, listed?.currentVersion);
        const prompt = await call(
          api.PUT('/api/v1/prompts/{slug}', {
            params: {path: {slug: target}},
            body: {...body, ...(baseVersion === undefined ? {} : {baseVersion})},
          }),
        );
        saved = {prompt, unchanged: prompt.currentVersion === baseVersion};
      }
      void queries.invalidateQueries({queryKey: ['prompts', project.id]});
      void queries.invalidateQueries({queryKey: ['prompt', project.id, saved.prompt.slug]});
      onSaved(saved);
      onClose();
    } catch (failure) {
      const current =
        failure instanceof ApiError && failure.code === 'CONFLICT' ? failure.body['currentVersion'] : null;
      if (typeof current === 'number') setNewer(current);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };

  const options = [
    {value: '', label: 'A new prompt'},
    ...(prompts.data?.prompts ?? []).map((prompt) => ({value: prompt.slug, label: `A new version of ${prompt.name}`})),
  ];
  if (own && !options.some((option) => option.value === own))
    options.push({value: own, label: `A new version of ${own}`});
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Save as"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" type="submit" form="playground-save" busy={busy}>
            {newer === null ? 'Save' : `Save as version ${newer + 1}`}
          </Button>
        </>
      }>
      <form id="playground-save" className="column" onSubmit={save}>
        <SelectField
          label="Save as"
          value={target}
          options={options}
          onChange={(next) => {
            setTarget(next);
            setNewer(null);
          }}
        />
        {target === '' && (
          <TextField
            label="Name"
            required
            maxLength={200}
            autoFocus
            placeholder="Welcome email"
            value={name}
            onChange={setName}
          />
        )}
        <TextArea
          label="Note"
          hint="What changed, for your colleagues. May stay empty."
          rows={2}
          maxLength={2000}
          value={note}
          autoFocus={target !== ''}
          onChange={setNote}
        />
        {newer !== null && (
          <Note tone="warn">
            Version {newer} was saved by someone else meanwhile. Yours does not hold their change. Every version stays,
            so you can save yours on top and compare the two on the prompt’s page.
          </Note>
        )}
        {error !== null && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}
