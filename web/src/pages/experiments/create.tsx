// Makes an experiment, or changes a draft: the prompt, the versions, their shares, what decides.
import {useState, type FormEvent} from 'react';
import {Link} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {Button, Checkbox, Dialog, EmptyState, ErrorNote, Note, SelectField, Skeleton, TextField} from '../../ui';
import {usePrompt} from '../playground/pick';
import {editVariants, keyProblem, newVariant, sameProblem, toInput, Variants, type EditVariant} from './variants';
import {metrics, metricWords, type Experiment, type Metric} from './words';

const metricOptions = [
  {value: '', label: 'Nothing in particular'},
  ...metrics.map((metric) => ({value: metric, label: metricWords[metric].label})),
] as {value: Metric | ''; label: string}[];

type Version = Schemas['PromptVersion'];

// The newest against what runs today: the version of the default label, or the one before.
export function firstVariants(prompt: Schemas['Prompt']): EditVariant[] {
  const versions = prompt.versions ?? [];
  const newest = versions[0]?.version ?? prompt.currentVersion;
  const labelled = prompt.defaultLabel ? prompt.labels[prompt.defaultLabel] : undefined;
  const control = labelled !== undefined && labelled !== newest ? labelled : (versions[1]?.version ?? newest);
  const first = newVariant(control, []);
  return [first, newVariant(newest, [first.key])];
}

const nameOf = (variants: readonly EditVariant[]) =>
  variants
    .slice(1)
    .map((variant) => variant.key)
    .join(', ') + ` against ${variants[0]!.key}`;

function Form({
  prompt,
  versions,
  draft,
  onDone,
  onClose,
}: {
  prompt: Schemas['Prompt'];
  versions: Version[];
  draft?: Experiment;
  onDone: (experiment: Experiment) => void;
  onClose: () => void;
}) {
  const [variants, setVariants] = useState(() => (draft ? editVariants(draft.variants) : firstVariants(prompt)));
  const [name, setName] = useState(draft?.name ?? '');
  const [metric, setMetric] = useState<Metric | ''>(draft?.primaryMetric ?? '');
  const [start, setStart] = useState(!draft);
  const [made, setMade] = useState<Experiment | null>(draft ?? null); // kept, so that trying again makes no second one
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = sameProblem(variants) !== null || variants.some((_, i) => keyProblem(variants, i) !== null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = {name: name.trim() || nameOf(variants), variants: toInput(variants), primaryMetric: metric || null};
      const path = {slug: prompt.slug, experimentId: made?.id ?? ''};
      let experiment = made
        ? await call(api.PUT('/api/v1/prompts/{slug}/experiments/{experimentId}', {params: {path}, body}))
        : await call(api.POST('/api/v1/prompts/{slug}/experiments', {params: {path: {slug: prompt.slug}}, body}));
      setMade(experiment);
      if (start) {
        experiment = await call(
          api.POST('/api/v1/prompts/{slug}/experiments/{experimentId}/start', {
            params: {path: {slug: prompt.slug, experimentId: experiment.id}},
          }),
        );
      }
      onDone(experiment);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="column wide" onSubmit={send}>
      <Variants variants={variants} versions={versions} onChange={setVariants} />
      <div className="create-fields">
        <SelectField
          label="What decides"
          value={metric}
          options={metricOptions}
          onChange={setMetric}
          hint={
            metric
              ? `${metricWords[metric].what} Naming one metric before the start needs less data.`
              : 'All five metrics are watched alike, which needs more data. Naming one needs less.'
          }
        />
        <TextField
          label="Name"
          maxLength={200}
          placeholder={nameOf(variants)}
          value={name}
          onChange={setName}
          hint="For your colleagues. May stay empty."
        />
      </div>
      <Checkbox
        label="Start right away"
        checked={start}
        onChange={setStart}
        hint="Callers who name a version or a label stay outside. Everyone else gets a variant, always the same one."
      />
      {error !== null && <ErrorNote error={error} />}
      {made && made !== draft && error !== null && (
        <Note tone="info">
          The experiment is kept as a draft. You can mend it here, or close this and start it later.
        </Note>
      )}
      <div className="row form-end">
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={wrong}>
          {start ? 'Start experiment' : draft ? 'Save draft' : 'Save as draft'}
        </Button>
      </div>
    </form>
  );
}

export function CreateExperiment({
  prompts,
  slug: wanted,
  draft,
  onDone,
  onClose,
}: {
  prompts: readonly {slug: string; name: string}[];
  slug?: string;
  draft?: Experiment; // of the prompt `slug`
  onDone: (slug: string, experiment: Experiment) => void;
  onClose: () => void;
}) {
  const [slug, setSlug] = useState(wanted ?? prompts[0]?.slug ?? '');
  const prompt = usePrompt(slug);
  const versions = prompt.data?.versions;
  return (
    <Dialog
      wide
      open
      onOpenChange={(open) => !open && onClose()}
      title={draft ? 'Change experiment' : 'New experiment'}
      description="Users are split between versions of a prompt, and you see what difference that makes.">
      {prompts.length === 0 ? (
        <EmptyState
          title="There is no prompt to experiment with"
          actions={
            <Link className="button primary" href="/prompts?new">
              New prompt
            </Link>
          }>
          An experiment compares versions or models of a stored prompt.
        </EmptyState>
      ) : (
        <>
          {!draft && (
            <SelectField
              label="Prompt"
              value={slug}
              onChange={setSlug}
              autoFocus
              options={prompts.map((each) => ({value: each.slug, label: each.name}))}
            />
          )}
          {prompt.isLoading && <Skeleton height={360} />}
          {prompt.error && <ErrorNote error={prompt.error} onRetry={() => void prompt.refetch()} />}
          {prompt.data && versions && (
            <Form
              key={slug}
              prompt={prompt.data}
              versions={versions}
              draft={draft}
              onClose={onClose}
              onDone={(experiment) => onDone(slug, experiment)}
            />
          )}
        </>
      )}
    </Dialog>
  );
}
