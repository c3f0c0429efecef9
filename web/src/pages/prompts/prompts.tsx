// All prompts of the project, with what they cost and how they do.
import {MessageSquareText, Plus, Search} from 'lucide-react';
import {useEffect, useMemo} from 'react';
import {Link, useSearchParams} from 'wouter';
import type {Schemas} from '../../api/client';
import {useSession} from '../../api/session';
import {Ago, Badge, Button, EmptyState, ErrorNote, PageHeader, SelectField, Skeleton, TextField, formatCompact,
  formatLatency,
  formatMoney, formatPercent} from '../../ui';
import {errorRate, quality, usePromptFigures, usePrompts, type Measures} from './data';
import {NewPrompt} from './new-prompt';
import './prompts.css';

type Summary = Schemas['PromptSummary'];
type Figures = ReadonlyMap<string, Measures>;

const orders = [
  {value: 'updated', label: 'Newest change first'},
  {value: 'name', label: 'By name'},
  {value: 'runs', label: 'Most runs first'},
  {value: 'cost', label: 'Highest cost first'},
  {value: 'errors', label: 'Most errors first'},
] as const;
type Order = (typeof orders)[number]['value'];

function sorted(prompts: Summary[], order: Order, figures: Figures): Summary[] {
  const by = (value: (prompt: Summary) => number) => [...prompts].sort((a, b) => value(b) - value(a));
  switch (order) {
    case 'updated': return prompts; // as the server gives them
    case 'name': return [...prompts].sort((a, b) => a.name.localeCompare(b.name));
    case 'runs': return by((prompt) => figures.get(prompt.id)?.requests ?? 0);
    case 'cost': return by((prompt) => figures.get(prompt.id)?.cost ?? 0);
    case 'errors': return by((prompt) => errorRate(figures.get(prompt.id)) ?? 0);
  }
}

function Row({prompt, figures, pending}: {prompt: Summary; figures: Measures | undefined; pending: boolean}) {
  const evaluated = quality(figures);
  const rate = errorRate(figures);
  const wait = pending ? '…' : '–';
  return (
    <tr>
      <td className="prompt-cell">
        <Link href={`/prompts/${prompt.slug}`} className="prompt-link">{prompt.name}</Link>
        <div className="faint small truncate">{prompt.description || prompt.slug}</div>
      </td>
      <td>
        <div className="row wrapping label-list">
          {Object.entries(prompt.labels).map(([label, version]) => (
            <Badge key={label} tone={label === prompt.defaultLabel ? 'accent' : 'neutral'}
              title={label === prompt.defaultLabel ? 'Runs when nothing else is asked for'
                : undefined}>{label} · v{version}</Badge>
          ))}
        </div>
      </td>
      <td className="small soft model-cell truncate">{prompt.model ?? 'chosen by each run'}</td>
      <td className="number">v{prompt.currentVersion}</td>
      <td className="number">{figures ? formatCompact(figures.requests) : wait}</td>
      <td className="number">{figures ? formatMoney(figures.cost) : wait}</td>
      <td className="number">{figures ? formatLatency(figures.latencyMs?.p50) : wait}</td>
      <td className={`number ${rate ? 'has-errors' : ''}`}>{rate === null ? wait : formatPercent(rate)}</td>
      <td className="number" title={evaluated ? `${evaluated.evaluatorName}, mean of ${evaluated.count}` : undefined}>
        {evaluated ? evaluated.mean.toLocaleString(undefined, {maximumFractionDigits: 2}) : wait}
      </td>
      <td className="number small soft"><Ago time={prompt.updatedAt} /></td>
    </tr>
  );
}

function List({onNew}: {onNew: () => void}) {
  const {can} = useSession();
  const prompts = usePrompts();
  const figures = usePromptFigures();
  const [params, setParams] = useSearchParams();
  const search = params.get('q') ?? '';
  const order = orders.find((each) => each.value === params.get('sort'))?.value ?? 'updated';
  const set = (name: string, value: string) => setParams((before) => {
    if (value) before.set(name, value);
    else before.delete(name);
    return before;
  }, {replace: true});
  const all = useMemo(() => prompts.data?.pages.flatMap((page) => page.prompts) ?? [], [prompts.data]);
  // Search and order speak of all prompts, so all pages are fetched (the first holds 1,000).
  const {hasNextPage, isFetchingNextPage, fetchNextPage} = prompts;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (prompts.isPending) return <Skeleton height={420} />;
  if (prompts.error && all.length === 0) return <ErrorNote error={prompts.error}
    onRetry={() => void prompts.refetch()} />;
  if (all.length === 0) {
    return (
      <EmptyState icon={<MessageSquareText size={20} />} title="Write your first prompt"
        actions={can('editor') && <Button variant="primary" icon={<Plus size={14} aria-hidden />}
          onClick={onNew}>New prompt</Button>}>
        A prompt is the text that your application sends to a model,
          with {'{{variables}}'} for what changes. Kept here, it can be
        changed, tested and compared without touching code.
      </EmptyState>
    );
  }
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((prompt) => {
    const text = [prompt.name, prompt.slug, prompt.description ?? '', prompt.model ?? '',
      ...Object.keys(prompt.labels)].join(' ').toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const rows = sorted(found, order, figures.data ?? new Map());
  return (
    <>
      <div className="row wrapping list-tools">
        <div className="list-search">
          <Search size={14} aria-hidden />
          <TextField label="Search prompts" hideLabel type="search" placeholder="Search by name, label or model…"
            value={search}
            onChange={(value) => set('q', value)} />
        </div>
        <SelectField label="Order" hideLabel value={order} options={orders}
          onChange={(value) => set('sort', value === 'updated' ? '' : value)} />
        <span className="grow" />
        <span className="faint small">Figures of the last 30 days</span>
      </div>
      {figures.error && <ErrorNote error={figures.error} onRetry={() => void figures.refetch()} />}
      <div className="table-box" tabIndex={0} role="region" aria-label="Prompts">
        <table className="table prompt-table">
          <thead>
            <tr>
              <th scope="col">Prompt</th><th scope="col">Labels</th><th scope="col">Model</th>
              <th scope="col" className="number">Newest</th><th scope="col" className="number">Runs</th>
              <th scope="col" className="number">Cost</th><th scope="col" className="number">p50</th>
              <th scope="col" className="number">Errors</th><th scope="col" className="number">Quality</th>
              <th scope="col" className="number">Updated</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((prompt) => (
              <Row key={prompt.id} prompt={prompt} figures={figures.data?.get(prompt.id)} pending={figures.isPending} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && (
          <EmptyState title="Nothing matches" actions={<Button onClick={() => set('q', '')}>Show all prompts</Button>}>
            No prompt’s name, description, label or model holds “{search}”.
          </EmptyState>
        )}
      </div>
    </>
  );
}

export default function Prompts() {
  const {can} = useSession();
  const [params, setParams] = useSearchParams();
  const setNew = (open: boolean) => setParams((before) => {
    if (open) before.set('new', '');
    else before.delete('new');
    return before;
  });
  return (
    <div className="page">
      <PageHeader title="Prompts"
        actions={can('editor') && (
          <Button variant="primary" icon={<Plus size={14} aria-hidden />}
            onClick={() => setNew(true)}>New prompt</Button>
        )} />
      <List onNew={() => setNew(true)} />
      {can('editor') && <NewPrompt open={params.has('new')} onOpenChange={setNew} />}
    </div>
  );
}
