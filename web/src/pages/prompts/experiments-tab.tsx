// Experiments of a prompt: which are there, and a new one.
import {useQuery, useQueryClient} from '@tanstack/react-query';
import {FlaskConical, Plus, X} from 'lucide-react';
import {useState, type FormEvent} from 'react';
import {Link, useLocation} from 'wouter';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {ModelPicker, type ModelChoice} from '../../editor/ModelPicker';
import {Ago, Badge, Button, Dialog, EmptyState, ErrorNote, IconButton, NumberField, SelectField, Skeleton, TextField,
  formatPercent,
  type Tone} from '../../ui';
import {promptKey, type Prompt} from './data';
import './versions.css';

const statuses: Record<Schemas['Experiment']['status'], {label: string; tone: Tone}> = {
  draft: {label: 'Draft', tone: 'neutral'},
  running: {label: 'Running', tone: 'good'},
  paused: {label: 'Paused', tone: 'warn'},
  stopped: {label: 'Stopped', tone: 'info'},
};

interface VariantDraft {
  version: number;
  weight: number;
  model: ModelChoice | null; // null: the version's own
}

const metrics = [
  {value: '', label: 'All of them'},
  {value: 'cost', label: 'Cost'},
  {value: 'latency', label: 'Latency'},
  {value: 'tokens', label: 'Tokens'},
  {value: 'errorRate', label: 'Errors'},
  {value: 'quality', label: 'Quality'},
] as const;
type Metric = (typeof metrics)[number]['value'];

const letters = 'abcdefghij';

function VariantFields({prompt, variant, letter, share, onChange, onRemove}: {
  prompt: Prompt;
  variant: VariantDraft;
  letter: string;
  share: number;
  onChange: (variant: VariantDraft) => void;
  onRemove: (() => void) | null;
}) {
  const name = `variant ${letter.toUpperCase()}`;
  return (
    <div className="variant" role="group" aria-label={name}>
      <span className="variant-letter" aria-hidden>{letter.toUpperCase()}</span>
      <SelectField label="Version" value={String(variant.version)}
        onChange={(value) => onChange({...variant, version: Number(value)})}
        options={prompt.versions.map((version) => ({
          value: String(version.version),
          label: `Version ${version.version}${version.note ? `: ${version.note.slice(0, 40)}` : ''}`,
        }))} />
      <NumberField label="Weight" inputMode="numeric" value={variant.weight} hint={formatPercent(share)}
        onChange={(weight) => onChange({...variant, weight: Math.max(1, Math.min(1000, Math.round(weight ?? 1)))})} />
      <div className="grow">
        {variant.model ? (
          <div className="row variant-model">
            <div className="grow"><ModelPicker label={`Model of ${name}`} value={variant.model}
              onChange={(model) => onChange({...variant, model})} /></div>
            <IconButton size="small" label={`Use the version’s own model for ${name}`}
              onClick={() => onChange({...variant, model: null})}><X size={13} aria-hidden /></IconButton>
          </div>
        ) : (
          <div className="field"><span className="legend">Model</span>
            <Button onClick={() => onChange({...variant,
              model: {provider: '', model: ''}})}>As in the version</Button></div>
        )}
      </div>
      {onRemove && <IconButton size="small" label={`Remove ${name}`} onClick={onRemove}><X
        size={14} aria-hidden /></IconButton>}
    </div>
  );
}

function NewExperiment({prompt, onClose}: {prompt: Prompt; onClose: () => void}) {
  const {project} = useSession();
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const newest = prompt.currentVersion;
  const [name, setName] = useState('');
  const [metric, setMetric] = useState<Metric>('');
  const [variants, setVariants] = useState<VariantDraft[]>([
    {version: Math.max(1, newest - 1), weight: 1, model: null}, {version: newest, weight: 1, model: null},
  ]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const total = variants.reduce((sum, variant) => sum + variant.weight, 0);
  const kinds = new Set(variants.map((variant) => JSON.stringify([variant.version, variant.model?.model ? variant.model
    : null])));
  const possible = name.trim() !== '' && kinds.size === variants.length && !busy;
  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (!possible) return;
    setBusy(true);
    setError(null);
    try {
      const experiment = await call(api.POST('/api/v1/prompts/{slug}/experiments', {
        params: {path: {slug: prompt.slug}},
        body: {
          name: name.trim(), primaryMetric: metric || null,
          variants: variants.map(({version, weight, model}, i) => ({
            key: letters[i]!, version, weight, provider: (model?.model && model.provider) || null, model: model?.model
              || null,
          })),
        },
      }));
      void queries.invalidateQueries({queryKey: [...promptKey(project.id, prompt.slug), 'experiments']});
      navigate(`/experiments/${prompt.slug}/${experiment.id}`);
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} wide title="New experiment"
      description="Splits the traffic between versions or models, and says which one does better. Each user always gets the same one.">
      <form className="column" onSubmit={create}>
        <div className="new-fields">
          <TextField label="Name" value={name} onChange={setName} maxLength={200} autoFocus required
            placeholder="What you want to find out" />
          <SelectField label="What decides" value={metric} onChange={setMetric} options={metrics}
            hint="One metric needs less data than all." />
        </div>
        {variants.map((variant, i) => (
          <VariantFields key={i} prompt={prompt} variant={variant} letter={letters[i]!} share={variant.weight / total}
            onChange={(next) => setVariants(variants.map((other, j) => (j === i ? next : other)))}
            onRemove={variants.length > 2 ? () => setVariants(variants.filter((_, j) => j !== i)) : null} />
        ))}
        {kinds.size < variants.length && <p
          className="small soft">Two variants are the same: choose another version or model for one of them.</p>}
        <div><Button size="small" icon={<Plus size={13} aria-hidden />} disabled={variants.length >= letters.length}
          onClick={() => setVariants([...variants, {version: newest, weight: 1,
            model: null}])}>Add a variant</Button></div>
        {error !== null && <ErrorNote error={error} />}
        <div className="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!possible}>Create as draft</Button>
        </div>
      </form>
    </Dialog>
  );
}

export default function ExperimentsTab({prompt}: {prompt: Prompt}) {
  const {project, can} = useSession();
  const [creating, setCreating] = useState(false);
  const list = useQuery({
    queryKey: [...promptKey(project.id, prompt.slug), 'experiments'],
    queryFn: () => call(api.GET('/api/v1/prompts/{slug}/experiments', {params: {path: {slug: prompt.slug}}})),
  });
  const experiments = list.data?.experiments ?? [];
  const create = can('editor') && (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />}
      onClick={() => setCreating(true)}>New experiment</Button>
  );
  return (
    <div className="column">
      {list.isPending ? <Skeleton height={240} /> : list.error ? <ErrorNote error={list.error}
        onRetry={() => void list.refetch()} />
        : experiments.length === 0 ? (
          <EmptyState icon={<FlaskConical size={20} />} title="No experiments" actions={create}>
            Let two versions share the traffic, and see which one is cheaper, faster or better.
          </EmptyState>
        ) : (
          <>
            <div className="row end">{create}</div>
            <div className="table-box" tabIndex={0} role="region" aria-label="Experiments">
              <table className="table">
                <thead><tr><th scope="col">Experiment</th><th scope="col">Status</th><th scope="col">Variants</th>
                  <th scope="col">Decides</th><th scope="col" className="number">Created</th></tr></thead>
                <tbody>
                  {experiments.map((experiment) => (
                    <tr key={experiment.id}>
                      <td><Link href={`/experiments/${prompt.slug}/${experiment.id}`}
                        className="prompt-name">{experiment.name}</Link></td>
                      <td><Badge tone={statuses[experiment.status].tone}>{statuses[experiment.status].label}</Badge></td>
                      <td className="small soft">{experiment.variants.map((variant) =>
                        `${variant.key}: v${variant.version}${variant.model ? ` with ${variant.model}` : ''}`).join(' · ')}</td>
                      <td className="small soft">{metrics.find((each) =>
                        each.value === (experiment.primaryMetric ?? ''))?.label}</td>
                      <td className="number small soft"><Ago time={experiment.createdAt} /></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      {creating && <NewExperiment prompt={prompt} onClose={() => setCreating(false)} />}
    </div>
  );
}
