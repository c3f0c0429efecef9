// The one way to the server: typed by api/openapi.yaml, with the session's CSRF token and project on each request, and
// every failure as an ApiError whose message a person can read.
import createClient, {type Middleware} from 'openapi-fetch';
import type {components, paths} from './schema';

export type Schemas = components['schemas'];

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number, // 0: no answer
    readonly code: string,
    readonly body: Record<string, unknown> = {}, // further members of {"error":{…}}
    readonly retryAfter: number | null = null, // seconds
  ) {
    super(message);
    this.name = 'ApiError';
  }
  get offline() {
    return this.status === 0;
  }
}

// What the session adds to each request. Set by the session provider only.
export const credentials = {csrfToken: '', projectId: ''};

type Listener = () => void;
const signedOutListeners = new Set<Listener>();
const reachableListeners = new Set<Listener>();
let reachable = true;

// Called when the server says that nobody is signed in any more.
export function onSignedOut(listener: Listener) {
  signedOutListeners.add(listener);
  return () => void signedOutListeners.delete(listener);
}
export function onReachable(listener: Listener) {
  reachableListeners.add(listener);
  return () => void reachableListeners.delete(listener);
}
export const isReachable = () => reachable;
export const reportUnreachable = () => setReachable(false);
function setReachable(value: boolean) {
  if (reachable === value) return;
  reachable = value;
  reachableListeners.forEach((listener) => listener());
}

export function requestHeaders(method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (credentials.projectId) headers['X-Tracia-Project'] = credentials.projectId;
  if (method !== 'GET' && credentials.csrfToken) headers['X-CSRF-Token'] = credentials.csrfToken;
  return headers;
}

const addCredentials: Middleware = {
  onRequest({request}) {
    for (const [name, value] of Object.entries(requestHeaders(request.method))) {
      if (!request.headers.has(name)) request.headers.set(name, value);
    }
    return request;
  },
};

// fetch(), but no answer is an ApiError too, and whether the server answers is noted.
export async function fetchServer(input: Request | string, init?: RequestInit): Promise<Response> {
  try {
    const response = await fetch(input, init);
    setReachable(true);
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    setReachable(false);
    throw new ApiError('The server does not answer. Nothing was lost here; try again in a moment.', 0, 'OFFLINE');
  }
}

export async function toApiError(response: Response, body?: unknown): Promise<ApiError> {
  const parsed = body ?? (await response.json().catch(() => undefined));
  const error = (parsed as {error?: Record<string, unknown>} | undefined)?.error ?? {};
  const {code, message, ...rest} = error;
  if (response.status === 401 && credentials.csrfToken) signedOutListeners.forEach((listener) => listener());
  const wait = Number(response.headers.get('Retry-After'));
  return new ApiError(
    typeof message === 'string' ? message : `The server answered ${response.status}.`,
    response.status,
    typeof code === 'string' ? code : 'UNKNOWN',
    rest,
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}

// Use with call(): `await call(api.GET('/api/v1/prompts', {params: …}))`.
export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? 'http://localhost' : location.origin,
  fetch: (request) => fetchServer(request),
  // Lists are separated by commas, as the contract says of each (explode: false).
  querySerializer: {array: {style: 'form', explode: false}},
});
api.use(addCredentials);

// The data of an answer; throws ApiError otherwise.
export async function call<T>(answer: Promise<{data?: T; error?: unknown; response: Response}>): Promise<T> {
  const {data, error, response} = await answer;
  if (response.ok) return data as T;
  throw await toApiError(response, error);
}

// What to tell a person about any failure.
export function messageOf(error: unknown): string {
  if (error instanceof ApiError && error.retryAfter !== null) {
    return `${error.message} Try again in ${error.retryAfter} s.`;
  }
  return error instanceof Error ? error.message : String(error);
}
