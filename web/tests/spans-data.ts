// Spans for journeys. Each test marks its own with a tag, since all tests of a worker share one server.
import type {Server} from './fixtures';

let count = 0;
const hex = () => (Date.now() * 1000 + count++).toString(16).padStart(16, '0').slice(-16);
export const newSpanId = () => `sp_${hex()}`;

export function span(fields: Record<string, unknown> = {}) {
  return {
    spanId: newSpanId(),
    model: 'gpt-4o',
    provider: 'openai',
    name: 'answer-question',
    status: 'SUCCESS',
    latencyMs: 742,
    input: {
      messages: [
        {role: 'system', content: 'Be kind.'},
        {role: 'user', content: 'How do I reset my password?'},
      ],
    },
    output: 'Open **Settings**.',
    inputTokens: 1312,
    outputTokens: 11,
    totalTokens: 1323,
    finishReason: 'stop',
    ...fields,
  };
}

export async function store(server: Server, spans: object[]) {
  for (let i = 0; i < spans.length; i += 1000) {
    const {rejected} = await server.api<{rejected: object[]}>('POST', '/api/v1/spans/batch', spans.slice(i, i + 1000));
    if (rejected.length > 0) throw new Error(JSON.stringify(rejected.slice(0, 3)));
  }
}

// One agent's work: a root, a tool in it, and a model call that a tool's result went into.
export function agentTrace(traceId: string, tag: string) {
  // Ends now: on the first page of every list, whatever other journeys stored before.
  const end = Date.now();
  const at = (ms: number) => new Date(end - 5_300 + ms).toISOString();
  const all = {traceId, tags: [tag], userId: `ada/${tag}`, sessionId: `chat 100% ${tag}`};
  const root = newSpanId();
  const answer = newSpanId();
  return {
    root,
    answer,
    spans: [
      {
        ...all,
        spanId: root,
        spanKind: 'AGENT',
        name: 'support agent',
        input: {question: 'Where is my order?'},
        output: 'done',
        status: 'SUCCESS',
        startTime: at(0),
        latencyMs: 5200,
      },
      {
        ...all,
        spanId: newSpanId(),
        parentSpanId: root,
        spanKind: 'TOOL',
        name: 'get_order',
        input: {id: 48213},
        status: 'ERROR',
        error: 'The warehouse did not answer.',
        startTime: at(500),
        latencyMs: 240,
      },
      span({
        ...all,
        spanId: answer,
        parentSpanId: root,
        name: 'answer',
        startTime: at(2000),
        latencyMs: 3100,
        timeToFirstTokenMs: 612,
        inputTokens: 2312,
        cachedInputTokens: 1024,
        outputTokens: 188,
        totalTokens: 2500,
        reasoningTokens: 64,
        promptSlug: 'support-answer',
        promptVersion: 4,
        variables: {customer: 'Ada'},
        attributes: {'app.region': 'eu-west-1'},
        input: {
          messages: [
            {role: 'user', content: 'Where is my order 48213?'},
            {
              role: 'assistant',
              content: [
                {type: 'reasoning', text: 'I should look it up.'},
                {type: 'tool_call', id: 'call_1', name: 'get_order', arguments: {id: 48213}},
              ],
            },
            {role: 'tool', toolCallId: 'call_1', toolName: 'get_order', content: '{"state":"sent"}'},
          ],
        },
        output: 'It was **sent** yesterday.',
        attempts: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            status: 429,
            errorKind: 'rate_limit',
            message: 'Slow down',
            startOffsetMs: 0,
            latencyMs: 184,
          },
          {provider: 'openai', model: 'gpt-4o', status: 200, startOffsetMs: 190, latencyMs: 2900},
        ],
      }),
    ],
  };
}
