// Makes a variant the prompt's default, after saying what exactly that changes.
import {useState} from 'react';
import {api, call, type Schemas} from '../../api/client';
import {Button, Dialog, ErrorNote, SelectField, Skeleton} from '../../ui';
import {usePrompt} from '../playground/pick';
import type {Experiment} from './words';

export function consequence(prompt: Schemas['Prompt'], variant: Experiment['variants'][number]): string {
  const own =
    variant.model || variant.provider
      ? `A new version is made of version ${variant.version}, with ${variant.model ?? 'the provider'}${
          variant.provider ? ` at ${variant.provider}` : ''
        } in it`
      : null;
  const label = prompt.defaultLabel;
  if (label) {
    const from = prompt.labels[label];
    if (own) return `${own}, and the label “${label}” moves to it${from ? ` from version ${from}` : ''}.`;
    return from === variant.version
      ? `The label “${label}” is at version ${variant.version} already, and stays there.`
      : `The label “${label}” moves ${from ? `from version ${from} ` : ''}to version ${variant.version}.`;
  }
  if (own) return `${own}. It becomes the newest, which is the one that runs.`;
  return prompt.currentVersion === variant.version
    ? `Version ${variant.version} is the newest already, and stays the one that runs.`
    : `The content of version ${variant.version} becomes version ${prompt.currentVersion + 1}, the newest, ` +
        'which is the one that runs.';
}

export function Promote({
  slug,
  experiment,
  winner,
  onDone,
  onClose,
}: {
  slug: string;
  experiment: Experiment;
  winner: string | null;
  onDone: (variant: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [key, setKey] = useState(winner ?? experiment.variants[1]?.key ?? '');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const prompt = usePrompt(slug);
  const variant = experiment.variants.find((each) => each.key === key);
  const promote = async () => {
    setBusy(true);
    setError(null);
    try {
      await call(
        api.POST('/api/v1/prompts/{slug}/experiments/{experimentId}/promote', {
          params: {path: {slug, experimentId: experiment.id}},
          body: {variant: key},
        }),
      );
      await onDone(key);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Promote a variant"
      description="It becomes what every caller gets who names no version and no label."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" busy={busy} disabled={!prompt.data} onClick={promote}>
            Promote {key}
          </Button>
        </>
      }>
      <SelectField
        label="Variant"
        value={key}
        onChange={setKey}
        autoFocus
        options={experiment.variants.map((each) => ({
          value: each.key,
          label:
            `${each.key} · version ${each.version}${each.model ? ` with ${each.model}` : ''}` +
            (each.key === winner ? ' · winner' : ''),
        }))}
      />
      {prompt.isLoading && <Skeleton lines={2} />}
      {prompt.error && <ErrorNote error={prompt.error} onRetry={() => void prompt.refetch()} />}
      {prompt.data && variant && (
        <ul className="consequences">
          <li>{consequence(prompt.data, variant)}</li>
          {experiment.status !== 'stopped' && <li>The experiment stops for good. Its results stay.</li>}
        </ul>
      )}
      {error !== null && <ErrorNote error={error} />}
    </Dialog>
  );
}
