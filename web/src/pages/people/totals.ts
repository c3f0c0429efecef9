// Totals of one session or one end user. Their lists cannot be asked for a single one, so they are summed here.
import {useQuery} from '@tanstack/react-query';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';

export type Analytics = Schemas['Analytics'];

export function useTotals(filter: {userId: string} | {sessionId: string}) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['totals', project.id, filter],
    queryFn: async ({signal}) => {
      const sums = await call(
        api.GET('/api/v1/analytics', {
          // From before there were any, or only the last 30 days would be summed.
          params: {
            query: {
              ...filter,
              startDate: '2020-01-01T00:00:00Z',
              measures: ['requests', 'errors', 'cost', 'tokens', 'latency'],
            },
          },
          querySerializer: {array: {style: 'form', explode: false}},
          signal,
        }),
      );
      return sums as Analytics;
    },
  });
}
