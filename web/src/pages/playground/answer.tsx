// What a column's model said, while it says it and afterwards, and what that took.
import {MessageSquarePlus, Square} from 'lucide-react';
import {Link} from 'wouter';
import {JsonTree} from '../../content/JsonTree';
import {Markdown} from '../../content/Markdown';
import {MissingKey} from '../../content/MissingKey';
import {Badge, Button, CopyButton, Disclosure, formatLatency, formatMoney, formatNumber, Note} from '../../ui';
import type {Failure, Outcome, ToolCall} from './runs';

const whyItEnded = {
  max_tokens: 'Cut off at the limit of tokens',
  tool_calls: 'Waits for the tools’ results',
} as const;

function FailureNote({failure, onRetry}: {failure: Failure; onRetry: () => void}) {
  return (
    <Note
      tone="bad"
      actions={
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      }>
      <p>{failure.message}</p>
      <MissingKey code={failure.code} />
      {(failure.requestId || failure.spanId) && (
        <p className="small soft">
          {failure.requestId && (
            <>
              Request {failure.requestId} at {failure.provider}.{' '}
            </>
          )}
          {failure.spanId && <Link href={`/spans/${failure.spanId}`}>Open span</Link>}
        </p>
      )}
    </Note>
  );
}

function Call({call}: {call: ToolCall}) {
  return (
    <div className="playground-call">
      <div className="row between">
        <Badge tone="violet">Calls {call.name}</Badge>
        <CopyButton label={`Copy arguments of ${call.name}`} text={JSON.stringify(call.arguments, null, 2)} />
      </div>
      <JsonTree value={call.arguments} />
    </div>
  );
}

function Text({outcome, formatted}: {outcome: Outcome; formatted: boolean}) {
  if (!outcome.text) return null;
  const object = outcome.result?.structuredOutput;
  if (formatted && object) return <JsonTree value={object} openTo={4} />;
  return formatted ? <Markdown text={outcome.text} /> : <pre className="playground-plain">{outcome.text}</pre>;
}

export function Answer({
  outcome,
  formatted,
  letter,
  onStop,
  onRetry,
  onContinue,
}: {
  outcome: Outcome | undefined;
  formatted: boolean;
  letter: string;
  onStop: () => void;
  onRetry: () => void;
  onContinue: () => void;
}) {
  if (!outcome) return <p className="faint playground-idle">The answer appears here.</p>;
  const running = outcome.state === 'running';
  const said = outcome.text !== '' || outcome.toolCalls.length > 0;
  const why = outcome.result?.finishReason;
  return (
    <div className="column">
      <span className="visually-hidden" role="status">
        Column {letter}: {{running: 'answering', done: 'answered', stopped: 'stopped', failed: 'failed'}[outcome.state]}
      </span>
      {outcome.reasoning && (
        <Disclosure title={running && !said ? 'Thinking…' : 'Reasoning'}>
          <p className="plain-text soft">{outcome.reasoning}</p>
        </Disclosure>
      )}
      <Text outcome={outcome} formatted={formatted} />
      {outcome.toolCalls.map((call) => (
        <Call key={call.id} call={call} />
      ))}
      {running && (
        <div className="row between">
          <span className="faint small playground-waiting">{said ? 'Answering…' : 'Waiting for the model…'}</span>
          <Button size="small" icon={<Square size={11} aria-hidden />} onClick={onStop}>
            Stop
          </Button>
        </div>
      )}
      {outcome.state === 'stopped' && <p className="faint small">Stopped. What came until then is above.</p>}
      {outcome.failure && <FailureNote failure={outcome.failure} onRetry={onRetry} />}
      {outcome.result && !outcome.result.spanStored && (
        <Note tone="warn">The server could not store this call’s span. The answer above is whole.</Note>
      )}
      {outcome.state === 'done' && (
        <div className="row wrapping">
          {why && why !== 'stop' && <Badge tone="warn">{whyItEnded[why]}</Badge>}
          {!said && <span className="faint">The model answered nothing.</span>}
          <span className="grow" />
          {outcome.text && <CopyButton text={outcome.text} label={`Copy the answer of column ${letter}`} />}
          {said && (
            <Button
              size="small"
              variant="ghost"
              icon={<MessageSquarePlus size={13} aria-hidden />}
              onClick={onContinue}
              title="Puts this answer into the messages, and a place for what comes next">
              Continue
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

// What it took. `best` marks the lowest of all columns that answered.
export function Figures({outcome, best}: {outcome: Outcome | undefined; best: {cost: boolean; latency: boolean}}) {
  const result = outcome?.result;
  if (!result) return null;
  const {usage} = result;
  const parts = [
    usage.cachedInputTokens ? `${formatNumber(usage.cachedInputTokens)} from the cache` : '',
    usage.reasoningTokens ? `${formatNumber(usage.reasoningTokens)} for reasoning` : '',
  ]
    .filter(Boolean)
    .join(', ');
  return (
    <>
      <dl className="playground-figures">
        <div>
          <dt>Cost</dt>
          <dd>
            {result.costStatus === 'unknown' ? (
              <span title="No price is known for this model">unknown</span>
            ) : (
              <>
                {result.costStatus === 'estimated' && 'about '}
                {formatMoney(result.cost)}
              </>
            )}
            {best.cost && <Badge tone="good">lowest</Badge>}
          </dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>
            {formatLatency(result.latencyMs)}
            {best.latency && <Badge tone="good">lowest</Badge>}
          </dd>
        </div>
        <div>
          <dt>First word</dt>
          <dd>{formatLatency(result.timeToFirstTokenMs)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd title={parts || undefined}>
            {formatNumber(usage.inputTokens)} in, {formatNumber(usage.outputTokens)} out
          </dd>
        </div>
      </dl>
      <div className="row between small">
        <span className="faint truncate">{result.model}</span>
        <Link href={`/spans/${result.spanId}`}>Open span</Link>
      </div>
    </>
  );
}
