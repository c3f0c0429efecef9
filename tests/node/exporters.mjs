// Node's OpenTelemetry exporters and instrumentations: node exporters.mjs openinference|vercel proto|json. Calls the
// model at OPENAI_BASE_URL, exports to TRACIA_URL, and prints {traceId, text, usage}.
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [instrumentation, encoding] = process.argv.slice(2);
const Exporter = encoding === 'proto' ? ProtoExporter : JsonExporter;
const exporter = new Exporter({
  url: `${process.env.TRACIA_URL}/v1/traces`,
  headers: { Authorization: `Bearer ${process.env.TRACIA_API_KEY}` },
});
const provider = new NodeTracerProvider({
  resource: new Resource({ 'service.name': 'shop' }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();

const calls = {
  async openinference() {
    const { default: OpenAI } = await import('openai');
    const { OpenAIInstrumentation } = await import('@arizeai/openinference-instrumentation-openai');
    const instrumentor = new OpenAIInstrumentation({ tracerProvider: provider });
    instrumentor.manuallyInstrument(OpenAI);
    const answer = await new OpenAI({ maxRetries: 0 }).chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Say hello.' }],
    });
    const { prompt_tokens: input, completion_tokens: output } = answer.usage;
    return { text: answer.choices[0].message.content, usage: { input, output } };
  },
  async vercel() {
    const { generateText } = await import('ai');
    const { createOpenAI } = await import('@ai-sdk/openai');
    const model = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL })('gpt-4o');
    const { text, usage } = await generateText({
      model, system: 'Be brief.', prompt: 'Say hello.', experimental_telemetry: { isEnabled: true, functionId: 'greet' },
    });
    return { text, usage: { input: usage.promptTokens, output: usage.completionTokens } };
  },
};

const result = await trace.getTracer('test').startActiveSpan('request', async (span) => {
  try {
    return { traceId: span.spanContext().traceId, ...(await calls[instrumentation]()) };
  } finally {
    span.end();
  }
});
await provider.forceFlush();
await provider.shutdown();
console.log(JSON.stringify(result));
