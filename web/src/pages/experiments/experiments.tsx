// Every experiment of the project.
import {FlaskConical, Plus} from 'lucide-react';
import {Link, useLocation, useSearchParams} from 'wouter';
import {useSession} from '../../api/session';
import {
  Ago,
  Badge,
  Button,
  EmptyState,
  ErrorNote,
  formatNumber,
  PageHeader,
  Skeleton,
  Tabs,
  TextField,
  useFeedback,
} from '../../ui';
import {CreateExperiment} from './create';
import {useExperiments, useListedResults, useRefresh, type Listed} from './data';
import {SplitBar} from './split';
import {metricWords, statusWords, verdictOf, type Status} from './words';
import './experiments.css';

const tabs = [
  {value: 'all', label: 'All'},
  {value: 'running', label: 'Running'},
  {value: 'paused', label: 'Paused'},
  {value: 'draft', label: 'Drafts'},
  {value: 'stopped', label: 'Stopped'},
] as const;
type Tab = (typeof tabs)[number]['value'];

export const StatusBadge = ({status}: {status: Status}) => (
  <Badge tone={statusWords[status].tone} title={statusWords[status].what}>
    {statusWords[status].label}
  </Badge>
);

function Row({listed}: {listed: Listed}) {
  const {prompt, experiment} = listed;
  const results = useListedResults(listed);
  const verdict = results.data ? verdictOf(results.data) : null;
  const runs = results.data?.variants.reduce((sum, variant) => sum + variant.runs, 0);
  return (
    <tr>
      <td className="experiment-name">
        <Link href={`/experiments/${prompt.slug}/${experiment.id}`} className="experiment-link">
          {experiment.name}
        </Link>
        <Link href={`/prompts/${prompt.slug}`} className="small soft truncate">
          {prompt.name}
        </Link>
      </td>
      <td>
        <StatusBadge status={experiment.status} />
      </td>
      <td className="experiment-split">
        <SplitBar variants={experiment.variants} />
        <span className="small soft truncate">{experiment.variants.map((variant) => variant.key).join(' · ')}</span>
      </td>
      <td className="small soft">
        {experiment.primaryMetric ? metricWords[experiment.primaryMetric].label : 'All metrics'}
      </td>
      <td className="number">{runs === undefined ? <span className="faint">–</span> : formatNumber(runs)}</td>
      <td className="experiment-verdict">
        {experiment.promotedVariant ? (
          <Badge tone="accent">{experiment.promotedVariant} promoted</Badge>
        ) : verdict ? (
          <Badge tone={verdict.tone} title={verdict.text}>
            {verdict.title}
          </Badge>
        ) : results.isFetching ? (
          <span className="faint small">…</span>
        ) : results.error ? (
          <span className="faint small" title={results.error.message}>
            not available
          </span>
        ) : (
          <span className="faint">–</span>
        )}
      </td>
      <td className="number small soft">
        {experiment.startedAt ? <Ago time={experiment.startedAt} /> : 'not started'}
      </td>
    </tr>
  );
}

function Table({rows}: {rows: Listed[]}) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Experiments">
      <table className="table experiments-table">
        <thead>
          <tr>
            <th>Experiment</th>
            <th>Status</th>
            <th>Variants</th>
            <th>Decided by</th>
            <th className="number">Runs</th>
            <th>Verdict</th>
            <th className="number">Started</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((listed) => (
            <Row key={listed.experiment.id} listed={listed} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

export default function Experiments() {
  const {can} = useSession();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const query = useExperiments();
  const refresh = useRefresh();
  const {toast} = useFeedback();
  const tab = (tabs.find(({value}) => value === params.get('status'))?.value ?? 'all') as Tab;
  const search = params.get('q') ?? '';
  const creating = params.has('new') && can('editor');
  const put = (name: string, value: string | null) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value === null || value === '') next.delete(name);
        else next.set(name, value);
        return next;
      },
      {replace: true},
    );
  const close = () =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        next.delete('new');
        next.delete('prompt');
        return next;
      },
      {replace: true},
    );
  const all = query.data?.experiments ?? [];
  const words = search.toLowerCase();
  const rows = all.filter(
    ({prompt, experiment}) =>
      (tab === 'all' || experiment.status === tab) &&
      `${experiment.name} ${prompt.name} ${prompt.slug}`.toLowerCase().includes(words),
  );
  const create = can('editor') && (
    <Button variant="primary" icon={<Plus size={14} aria-hidden />} onClick={() => put('new', '1')}>
      New experiment
    </Button>
  );
  return (
    <div className="page">
      <PageHeader title="Experiments" actions={create}>
        Split a prompt’s users between versions or models, and see what it changes.
      </PageHeader>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isLoading && <Skeleton height={320} />}
      {query.data && all.length === 0 && (
        <EmptyState icon={<FlaskConical size={20} />} title="Which version is better?" actions={create}>
          An experiment gives one version of a prompt to some of your users and another to the rest, and compares cost,
          speed, errors and quality until the difference is clear.
        </EmptyState>
      )}
      {all.length > 0 && (
        <Tabs<Tab>
          label="Status"
          value={tab}
          onChange={(next) => put('status', next === 'all' ? null : next)}
          tabs={tabs.map(({value, label}) => ({
            value,
            label: (
              <>
                {label}{' '}
                <span className="faint number">
                  {value === 'all' ? all.length : all.filter((each) => each.experiment.status === value).length}
                </span>
              </>
            ),
          }))}>
          <div className="column">
            <div className="experiments-search">
              <TextField
                label="Search experiments"
                hideLabel
                placeholder="Search by name or prompt"
                value={search}
                onChange={(text) => put('q', text)}
              />
            </div>
            {rows.length > 0 ? (
              <Table rows={rows} />
            ) : (
              <EmptyState title="None of these">Choose another status, or search for something else.</EmptyState>
            )}
          </div>
        </Tabs>
      )}
      {creating && query.data && (
        <CreateExperiment
          prompts={query.data.prompts}
          slug={params.get('prompt') ?? undefined}
          onClose={close}
          onDone={(slug, experiment) => {
            void refresh();
            toast(experiment.status === 'running' ? 'The experiment runs.' : 'Saved as a draft.');
            navigate(`/experiments/${slug}/${experiment.id}`);
          }}
        />
      )}
    </div>
  );
}
