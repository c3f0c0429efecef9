// What went into a span and what came out of it, in the way that its kind suggests.
import {useMemo, useState} from 'react';
import {Conversation, Fold, MessageView, ModeSwitch} from '../../content/Conversation';
import {JsonTree} from '../../content/JsonTree';
import {LongText, PlainText, type TextMode} from '../../content/LongText';
import {jsonOf, pairTools, readMessages, toolCallPart, type Part, type ShownMessage} from '../../content/messages';
import {Braces, Wrench} from 'lucide-react';
import {Badge, Card, CopyButton, formatNumber, Note, plural, Stat, Stats, Tabs} from '../../ui';
import type {Span} from './span-query';

const inputsAtFirst = 20;

function Embedding({span}: {span: Span}) {
  const [all, setAll] = useState(false);
  const text = (span.input as {text?: unknown}).text;
  const texts = (Array.isArray(text) ? text : typeof text === 'string' ? [text] : []).map(String);
  const summary = (span.output === null ? undefined : jsonOf(span.output)) as
    {dimensions?: unknown; count?: unknown} | undefined;
  const shown = all ? texts.slice(0, 2000) : texts.slice(0, inputsAtFirst);
  return (
    <>
      <Stats>
        <Stat label="Inputs" value={formatNumber(texts.length)} />
        {typeof summary?.count === 'number' && <Stat label="Vectors" value={formatNumber(summary.count)} />}
        {typeof summary?.dimensions === 'number' && (
          <Stat label="Dimensions" value={formatNumber(summary.dimensions)} />
        )}
      </Stats>
      <ol className="embedding-inputs">
        {shown.map((item, i) => (
          <li key={i}>
            <PlainText text={item} />
          </li>
        ))}
      </ol>
      {!all && texts.length > shown.length && (
        <button type="button" className="button small" onClick={() => setAll(true)}>
          Show {formatNumber(texts.length - shown.length)} more
        </button>
      )}
      {span.output !== null && !summary && <LongText text={span.output} mode="plain" />}
    </>
  );
}

// The answer as a message, from wherever the span holds it.
function answerOf(span: Span): ShownMessage | null {
  const parts: Part[] = [];
  if (span.output !== null && span.output !== '') parts.push({type: 'text', text: span.output, refusal: false});
  for (const call of span.toolCalls ?? []) parts.push(toolCallPart(call));
  return parts.length > 0 ? {role: 'assistant', name: '', parts} : null;
}

function Chat({span, messages, mode}: {span: Span; messages: ShownMessage[]; mode: TextMode}) {
  const answer = useMemo(() => answerOf(span), [span]);
  return (
    <>
      <h2 className="content-title">Input</h2>
      {messages.length > 0 ? <Conversation messages={messages} mode={mode} /> : <p className="soft">No messages.</p>}
      <h2 className="content-title">Output</h2>
      {answer ? (
        <MessageView message={pairTools([answer])[0]!} mode={mode} />
      ) : (
        <p className="soft">{span.status === 'ERROR' ? 'None: the call failed.' : 'The model said nothing.'}</p>
      )}
    </>
  );
}

function Plain({span, mode}: {span: Span; mode: TextMode}) {
  return (
    <>
      <h2 className="content-title">Input</h2>
      <div className="value-box">
        <JsonTree value={span.input} />
      </div>
      <h2 className="content-title">Output</h2>
      {span.output === null || span.output === '' ? (
        <p className="soft">None.</p>
      ) : (
        <div className="value-box">
          <LongText text={span.output} mode={mode} />
        </div>
      )}
    </>
  );
}

function Variables({variables}: {variables: Record<string, unknown>}) {
  return (
    <Card title="Variables">
      <dl className="variables">
        {Object.entries(variables)
          .slice(0, 200)
          .map(([name, value]) => (
            <div key={name}>
              <dt>
                <code className="isolate">{name}</code>
              </dt>
              <dd>
                {typeof value === 'object' && value !== null ? (
                  <JsonTree value={value} openTo={1} />
                ) : (
                  <PlainText text={String(value)} />
                )}
              </dd>
            </div>
          ))}
      </dl>
    </Card>
  );
}

function Content({span}: {span: Span}) {
  const [mode, setMode] = useState<TextMode>('formatted');
  const messages = useMemo(() => readMessages(span.input), [span]);
  const embedding = span.spanKind === 'EMBEDDING' && !messages;
  return (
    <div className="column span-content">
      {span.error !== null && (
        <Note tone="bad">
          <PlainText text={span.error} />
        </Note>
      )}
      {!embedding && (
        <div className="row between">
          <span className="grow" />
          <ModeSwitch mode={mode} onChange={setMode} />
        </div>
      )}
      {embedding ? (
        <Embedding span={span} />
      ) : messages ? (
        <Chat span={span} messages={messages} mode={mode} />
      ) : (
        <Plain span={span} mode={mode} />
      )}
      {span.structuredOutput !== null && (
        <Fold icon={<Braces size={14} aria-hidden />} label="Structured output" open>
          <JsonTree value={span.structuredOutput} openTo={3} />
        </Fold>
      )}
      {span.tools !== null && span.tools.length > 0 && (
        <Fold
          icon={<Wrench size={14} aria-hidden />}
          label="Tools that the model could call"
          detail={span.tools.map((tool) => tool.name).join(', ')}>
          {span.tools.slice(0, 200).map((tool, i) => (
            <div key={i} className="column tight">
              <div className="row">
                <code>{tool.name}</code>
              </div>
              {tool.description && <p className="soft plain-text">{tool.description}</p>}
              {tool.parameters !== undefined && <JsonTree value={tool.parameters} openTo={1} />}
            </div>
          ))}
        </Fold>
      )}
      {span.variables !== null && Object.keys(span.variables).length > 0 && <Variables variables={span.variables} />}
    </div>
  );
}

function copyJson(value: unknown): string {
  try {
    return JSON.stringify(value, null, 2);
  } catch {
    return ''; // nested beyond what a browser writes
  }
}

function Raw({span}: {span: Span}) {
  const {input, output, usageRaw, attributes, evaluations, ...rest} = span;
  void evaluations;
  const parts: [string, unknown][] = [
    ['Request', input],
    ['Response', {output, structuredOutput: rest.structuredOutput, toolCalls: rest.toolCalls, error: rest.error}],
    ['Usage, as the provider sent it', usageRaw],
    ['Attributes', attributes],
    ['Everything', span],
  ];
  return (
    <div className="column">
      {parts.map(([label, value]) => (
        <Card key={label} title={label} actions={<CopyButton text={() => copyJson(value)} label={`Copy ${label}`} />}>
          {value === null ? (
            <p className="soft">None.</p>
          ) : (
            <JsonTree value={value} openTo={label === 'Everything' ? 0 : 2} />
          )}
        </Card>
      ))}
    </div>
  );
}

function Attributes({span}: {span: Span}) {
  const entries = Object.entries(span.attributes);
  if (entries.length === 0) return <p className="soft">This span has no attributes.</p>;
  return (
    <div className="column">
      <p className="soft">{plural(entries.length, 'attribute')}, as they were sent.</p>
      <div className="table-box">
        <table className="table attribute-table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {entries.slice(0, 500).map(([name, value]) => (
              <tr key={name}>
                <td>
                  <code className="wrap isolate">{name}</code>
                </td>
                <td>
                  {typeof value === 'object' && value !== null ? (
                    <JsonTree value={value} openTo={1} />
                  ) : (
                    <PlainText text={String(value)} mono />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {entries.length > 500 && <p className="soft">The rest is in the raw view.</p>}
    </div>
  );
}

const tabs = [
  {value: 'content', label: 'Content'},
  {value: 'attributes', label: 'Attributes'},
  {value: 'raw', label: 'Raw'},
] as const;
export type SpanTab = (typeof tabs)[number]['value'];
export const spanTabOf = (text: string | null): SpanTab => tabs.find((tab) => tab.value === text)?.value ?? 'content';

export function SpanContent({span, tab, onTab}: {span: Span; tab: SpanTab; onTab: (tab: SpanTab) => void}) {
  const count = Object.keys(span.attributes).length;
  const shown = tabs.map((entry) =>
    entry.value === 'attributes' && count > 0
      ? {
          ...entry,
          label: (
            <>
              {entry.label} <Badge>{count}</Badge>
            </>
          ),
        }
      : entry,
  );
  return (
    <Tabs<SpanTab> label="Span" value={tab} onChange={onTab} tabs={shown}>
      {tab === 'content' ? (
        <Content span={span} />
      ) : tab === 'attributes' ? (
        <Attributes span={span} />
      ) : (
        <Raw span={span} />
      )}
    </Tabs>
  );
}
