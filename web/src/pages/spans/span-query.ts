// One span with its payloads, and what changes it.
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {api, call, type Schemas} from '../../api/client';
import {useSession} from '../../api/session';

export type Span = Schemas['Span'];
export interface SpanAddress {
  spanId: string;
  traceId?: string; // the same span id may occur in several traces
}
const paramsOf = ({spanId, traceId}: SpanAddress) => ({path: {spanId}, query: traceId ? {traceId} : {}});

export function useSpan({spanId, traceId}: SpanAddress, enabled = true) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['span', project.id, spanId, traceId],
    queryFn: ({signal}) => call(api.GET('/api/v1/spans/{spanId}', {params: paramsOf({spanId, traceId}), signal})),
    enabled,
    structuralSharing: false, // comparing megabytes takes longer than drawing them
    refetchOnWindowFocus: false,
  });
}

export function useDeleteSpan(address: SpanAddress) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => call(api.DELETE('/api/v1/spans/{spanId}', {params: paramsOf(address)})),
    onSuccess: () =>
      Promise.all(
        ['spans', 'traces', 'trace', 'sessions', 'users'].map((key) => queries.resetQueries({queryKey: [key]})),
      ),
  });
}

export interface EvaluationDraft {
  id?: string; // of the one that is changed
  evaluatorKey: string;
  value: Schemas['EvaluationValue'];
  note: string;
}

export function useEvaluators(enabled: boolean) {
  const {project} = useSession();
  return useQuery({
    queryKey: ['evaluators', project.id],
    queryFn: () => call(api.GET('/api/v1/evaluators')),
    enabled,
    staleTime: 60_000,
  });
}

export function useEvaluations(address: SpanAddress) {
  const queries = useQueryClient();
  const params = paramsOf(address);
  const reread = () => queries.invalidateQueries({queryKey: ['span']});
  const save = useMutation({
    mutationFn: async ({id, evaluatorKey, value, note}: EvaluationDraft): Promise<unknown> => {
      const kept = note.trim() || null;
      if (id === undefined) {
        return call(api.POST('/api/v1/spans/{spanId}/evaluations', {params, body: {evaluatorKey, value, note: kept}}));
      }
      return call(
        api.PUT('/api/v1/spans/{spanId}/evaluations/{evaluationId}', {
          params: {...params, path: {...params.path, evaluationId: id}},
          body: {value, note: kept},
        }),
      );
    },
    onSuccess: reread,
  });
  const remove = useMutation({
    mutationFn: (evaluationId: string) =>
      call(
        api.DELETE('/api/v1/spans/{spanId}/evaluations/{evaluationId}', {
          params: {...params, path: {...params.path, evaluationId}},
        }),
      ),
    onSuccess: reread,
  });
  return {save, remove};
}
