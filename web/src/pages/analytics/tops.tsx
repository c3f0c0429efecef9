// The models, prompts and end users with the most requests in the chosen time.
import {useQuery} from '@tanstack/react-query';
import {Activity} from 'lucide-react';
import {Link} from 'wouter';
import {useSession} from '../../api/session';
import {
  Card,
  ErrorNote,
  formatCompact,
  formatLatency,
  formatMoney,
  formatNumber,
  formatPercent,
  plural,
  Skeleton,
} from '../../ui';
import {errorShare, gridOf} from './figures';
import {fetchSums} from './sums';
import type {Change} from './toolbar';
import {filterOf, spansPath, viewQuery, type Group, type Query, type View} from './view';

const shown = 8;

export function useTop(view: View, group: Group, now: number) {
  const {project} = useSession();
  const query: Query = {
    ...viewQuery(view),
    groupBy: [group],
    limit: shown,
    measures: ['requests', 'errors', 'cost', 'tokens', 'latency'],
  };
  return useQuery({
    queryKey: ['analytics', project.id, 'top', query, now],
    queryFn: () => fetchSums(query),
    placeholderData: (before) => before,
  });
}

export function Top({
  title,
  group,
  view,
  now,
  change,
}: {
  title: string;
  group: Group;
  view: View;
  now: number;
  change: Change;
}) {
  const answer = useTop(view, group, now);
  const filter = filterOf(group);
  const body = () => {
    if (answer.error) return <ErrorNote error={answer.error} onRetry={() => void answer.refetch()} />;
    if (!answer.data) return <Skeleton height={280} />;
    const grid = gridOf(answer.data, group);
    if (grid.members.length === 0) return <p className="soft">Nothing in this time.</p>;
    return (
      <div className="top-scroll" tabIndex={0} role="region" aria-label={title}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{filter.label}</th>
              <th scope="col" className="number">
                Requests
              </th>
              <th scope="col" className="number">
                Cost
              </th>
              <th scope="col" className="number">
                Tokens
              </th>
              <th scope="col" className="number">
                p95
              </th>
              <th scope="col" className="number">
                Errors
              </th>
              <th scope="col">
                <span className="visually-hidden">Spans</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {grid.members.map((member, i) => {
              const row = grid.at(i, null);
              return (
                row && (
                  <tr key={member.key}>
                    <td className="top-name">
                      {member.filters ? (
                        <button
                          type="button"
                          className="link-button truncate"
                          title={`Show only ${member.label}`}
                          onClick={() => change({[filter.name]: member.filters![filter.name]!})}>
                          {member.label}
                        </button>
                      ) : (
                        <span className="soft">{member.label}</span>
                      )}
                    </td>
                    <td className="number">{formatNumber(row.requests)}</td>
                    <td className="number">{formatMoney(row.cost)}</td>
                    <td className="number">{formatCompact(row.totalTokens)}</td>
                    <td className="number">{formatLatency(row.latencyMs?.p95)}</td>
                    <td className="number">{formatPercent(errorShare(row))}</td>
                    <td>
                      {member.filters && (
                        <Link
                          href={spansPath({...view.filters, ...member.filters}, view.from, view.to)}
                          className="button ghost small icon-only"
                          aria-label={`Spans of ${member.label}`}
                          title={`Spans of ${member.label}`}>
                          <Activity size={14} aria-hidden />
                        </Link>
                      )}
                    </td>
                  </tr>
                )
              );
            })}
          </tbody>
        </table>
        {answer.data.groupsRest > 0 && (
          <p className="faint small top-rest">and {plural(answer.data.groupsRest, 'more', 'more')}</p>
        )}
      </div>
    );
  };
  return (
    <Card title={title} className="top-card">
      {body()}
    </Card>
  );
}
