import {api, call, type Schemas} from '../../api/client';
import type {Query} from './view';

// The sums as JSON. The contract's other form, CSV, is a text, and only answered to who asks for it.
export async function fetchSums(query: Query): Promise<Schemas['Analytics']> {
  return (await call(api.GET('/api/v1/analytics', {params: {query}}))) as Schemas['Analytics'];
}
