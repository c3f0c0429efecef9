// What the lists of traces, sessions and end users have in common: a table that grows by pages.
import type {UseInfiniteQueryResult} from '@tanstack/react-query';
import type {ReactNode} from 'react';
import {Button, ErrorNote, Skeleton} from '../../ui';
import './people.css';

export interface ListColumn<T> {
  label: string;
  number?: boolean;
  secondary?: boolean; // left out on phones
  cell: (item: T) => ReactNode;
}

export function ListTable<T>({
  label,
  items,
  columns,
  keyOf,
  query,
  empty,
}: {
  label: string;
  items: T[];
  columns: ListColumn<T>[];
  keyOf: (item: T) => string;
  query: Pick<
    UseInfiniteQueryResult,
    'isPending' | 'error' | 'refetch' | 'hasNextPage' | 'fetchNextPage' | 'isFetchingNextPage'
  >;
  empty: ReactNode;
}) {
  if (query.isPending)
    return (
      <div className="table-box list-skeleton">
        <Skeleton lines={12} />
      </div>
    );
  if (query.error && items.length === 0) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  if (items.length === 0) return <>{empty}</>;
  return (
    <>
      <div className="table-box">
        <table className="table list-table" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.label}
                  scope="col"
                  className={`${column.number ? 'number' : ''} ${column.secondary ? 'secondary' : ''}`}>
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((item) => (
              <tr key={keyOf(item)}>
                {columns.map((column) => (
                  <td
                    key={column.label}
                    className={`${column.number ? 'number' : ''} ${column.secondary ? 'secondary' : ''}`}>
                    {column.cell(item)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.error && <ErrorNote error={query.error} onRetry={() => void query.fetchNextPage()} />}
      {query.hasNextPage && (
        <div className="row">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}
