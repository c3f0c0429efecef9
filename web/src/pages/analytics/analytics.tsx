// Cost, requests, times, tokens, errors and quality over time. What is shown is in the address.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {ChartLine, Download} from 'lucide-react';
import {useMemo, useState} from 'react';
import {Link, useLocation, useSearchParams} from 'wouter';
import {fetchServer, requestHeaders, toApiError} from '../../api/client';
import {useSession} from '../../api/session';
import {
  Button,
  EmptyState,
  ErrorNote,
  formatCompact,
  formatLatency,
  formatMoney,
  formatNumber,
  formatPercent,
  PageHeader,
  Skeleton,
  Stat,
  Stats,
  useFeedback,
} from '../../ui';
import {BudgetNote, Charts} from './charts';
import {errorShare, linesMax} from './figures';
import {fetchSums} from './sums';
import {Chips, Toolbar, type Change} from './toolbar';
import {Top, useTop} from './tops';
import {bucketTimes, readView, utcOffset, viewQuery, type FilterName, type View} from './view';
import './analytics.css';

const costNotes = {
  exact: undefined,
  included: undefined,
  estimated: 'partly estimated',
  unknown: 'some prices are not known',
} as const;

function useCsv(view: View, now: number) {
  const {toastError} = useFeedback();
  const [busy, setBusy] = useState(false);
  const download = async () => {
    setBusy(true);
    try {
      const {groupBy, ...query} = viewQuery(view);
      const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
      search.set('format', 'csv');
      search.set('bucket', view.bucket);
      search.set('utcOffsetMinutes', String(utcOffset(now)));
      if (view.group) search.set('groupBy', view.group);
      const response = await fetchServer(`/api/v1/analytics?${search}`, {headers: requestHeaders('GET')});
      if (!response.ok) throw await toApiError(response);
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = `analytics-${new Date(view.from).toISOString().slice(0, 10)}.csv`;
      link.click();
      URL.revokeObjectURL(address);
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
    }
  };
  return {download, busy};
}

export default function Analytics() {
  const {project} = useSession();
  const [now, setNow] = useState(() => Date.now());
  const [search, setSearch] = useSearchParams();
  const [, navigate] = useLocation();
  const view = useMemo(() => readView(search, now), [search, now]);
  const times = useMemo(() => bucketTimes(view, now), [view, now]);
  const change: Change = (changes) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  const query = {
    ...viewQuery(view),
    bucket: view.bucket,
    utcOffsetMinutes: utcOffset(now),
    ...(view.group ? {groupBy: [view.group], limit: linesMax} : {}),
  };
  const answer = useQuery({
    queryKey: ['analytics', project.id, 'series', query, now],
    queryFn: async () => ({sums: await fetchSums(query), view, times}),
    // While another view is on its way the last one stays, with its own times.
    placeholderData: keepPreviousData,
  });
  const models = useTop(view, 'model', now);
  const prompts = useTop(view, 'prompt', now);
  const csv = useCsv(view, now);
  const suggestions = (name: FilterName) => {
    const from = name === 'model' ? models.data : name === 'promptSlug' ? prompts.data : undefined;
    return (from?.rows ?? [])
      .map((row) => (name === 'model' ? row.group?.model : row.group?.prompt))
      .filter((text) => typeof text === 'string');
  };
  const total = answer.data?.sums.total;
  const filtered = Object.keys(view.filters).length > 0;

  const body = () => {
    if (answer.error) return <ErrorNote error={answer.error} onRetry={() => void answer.refetch()} />;
    if (!answer.data || !total)
      return (
        <>
          <Skeleton height={48} />
          <div className="analytics-grid">
            {[0, 1, 2, 3].map((i) => (
              <Skeleton key={i} height={324} />
            ))}
          </div>
        </>
      );
    if (!total.requests && !answer.data.sums.scannedFrom) {
      return (
        <EmptyState
          icon={<ChartLine size={20} />}
          title={filtered ? 'No spans match in this time' : 'No spans in this time'}
          actions={
            filtered ? undefined : (
              <Link href="/" className="button">
                How to send the first one
              </Link>
            )
          }>
          {filtered
            ? 'Remove a filter, or choose a longer time.'
            : 'Figures appear here as soon as a prompt is run or your application sends spans.'}
        </EmptyState>
      );
    }
    return (
      <>
        <BudgetNote
          answer={answer.data.sums}
          change={(from) => change({range: null, from, to: new Date(view.to ?? now).toISOString()})}
        />
        <Stats>
          <Stat label="Cost" value={formatMoney(total.cost)} detail={total.costStatus && costNotes[total.costStatus]} />
          <Stat label="Requests" value={formatNumber(total.requests)} />
          <Stat label="Errors" value={formatNumber(total.errors)} detail={formatPercent(errorShare(total))} />
          <Stat
            label="Tokens"
            value={formatCompact(total.totalTokens)}
            detail={`${formatCompact(total.inputTokens)} in, ${formatCompact(total.outputTokens)} out`}
          />
          <Stat
            label="Median latency"
            value={formatLatency(total.latencyMs?.p50)}
            detail={`95 %: ${formatLatency(total.latencyMs?.p95)}`}
          />
          {total.evaluations?.slice(0, 2).map((one) => (
            <Stat
              key={one.evaluatorKey}
              label={one.evaluatorName}
              value={String(Number(one.mean.toFixed(2)))}
              detail={`${formatNumber(one.count)} evaluated`}
            />
          ))}
        </Stats>
        <Charts
          answer={answer.data.sums}
          view={answer.data.view}
          times={answer.data.times}
          search={search}
          change={change}
          open={navigate}
        />
        <div className="analytics-grid">
          <Top title="Models" group="model" view={view} now={now} change={change} />
          <Top title="Prompts" group="prompt" view={view} now={now} change={change} />
          <Top title="End users" group="user" view={view} now={now} change={change} />
          <Top title="Labels" group="label" view={view} now={now} change={change} />
        </div>
      </>
    );
  };
  return (
    <div className="page analytics" aria-busy={answer.isFetching}>
      <PageHeader
        title="Analytics"
        actions={
          <Button icon={<Download size={14} aria-hidden />} onClick={csv.download} busy={csv.busy}>
            CSV
          </Button>
        }
      />
      <div className="column">
        <Toolbar
          view={view}
          now={now}
          change={change}
          refresh={() => setNow(Date.now())}
          busy={answer.isFetching}
          suggestions={suggestions}
        />
        <Chips view={view} change={change} />
      </div>
      {body()}
    </div>
  );
}
