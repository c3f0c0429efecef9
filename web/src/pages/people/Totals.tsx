import {
  ErrorNote,
  formatCompact,
  formatDateTime,
  formatLatency,
  formatNumber,
  formatPercent,
  Note,
  Skeleton,
  Stat,
  Stats,
} from '../../ui';
import {CostValue} from '../spans/columns';
import type {useTotals} from './totals';

export function Totals({totals}: {totals: ReturnType<typeof useTotals>}) {
  if (totals.isPending) return <Skeleton height={42} />;
  if (totals.error) return <ErrorNote error={totals.error} onRetry={() => void totals.refetch()} />;
  const {total, complete, scannedFrom} = totals.data;
  const requests = total.requests ?? 0;
  return (
    <>
      <Stats>
        <Stat label="Spans" value={formatNumber(requests)} />
        <Stat
          label="Errors"
          value={formatNumber(total.errors)}
          detail={requests > 0 && total.errors ? formatPercent(total.errors / requests) : undefined}
        />
        <Stat label="Cost" value={<CostValue cost={total.cost ?? null} status={total.costStatus ?? 'unknown'} />} />
        <Stat
          label="Tokens"
          value={`${formatCompact(total.inputTokens)} in, ${formatCompact(total.outputTokens)} out`}
        />
        <Stat
          label="Typical latency"
          value={formatLatency(total.latencyMs?.p50)}
          detail={total.latencyMs ? `95 % below ${formatLatency(total.latencyMs.p95)}` : undefined}
        />
      </Stats>
      {!complete && (
        <Note tone="warn">These figures reach back to {formatDateTime(scannedFrom)}; there is more before that.</Note>
      )}
    </>
  );
}
