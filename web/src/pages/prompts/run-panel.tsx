// Tries the draft as it stands: values for its variables, and the answer as it streams in.
import {Activity, ExternalLink, Play, Square} from 'lucide-react';
import {useState} from 'react';
import {Link} from 'wouter';
import {ApiError} from '../../api/client';
import {useSession} from '../../api/session';
import {JsonTree} from '../../content/JsonTree';
import {Markdown} from '../../content/Markdown';
import {MissingKey} from '../../content/MissingKey';
import {Badge, Button, CopyButton, ErrorNote, Kbd, Note, Stat, Stats, TextArea, formatLatency, formatMoney,
  formatNumber} from '../../ui';
import {isApple} from '../../shell/shell';
import type {RunState} from './use-run';

function Answer({state}: {state: RunState}) {
  const [plain, setPlain] = useState(false);
  const {text, reasoning, toolCalls, result} = state;
  const structured = result?.structuredOutput;
  return (
    <>
      {reasoning && (
        <details className="more"><summary>Reasoning</summary><p className="plain-text soft">{reasoning}</p></details>
      )}
      {toolCalls.map((call) => (
        <div key={call.id} className="tool-call">
          <div className="row"><Badge tone="violet">tool call</Badge><code className="truncate">{call.name}</code></div>
          <JsonTree value={call.arguments} />
        </div>
      ))}
      {text && (
        <div className="answer">
          <div className="row answer-bar">
            <span className="legend grow">Answer</span>
            {state.status === 'done' && !structured && (
              <Button size="small" variant="ghost" aria-pressed={plain}
                onClick={() => setPlain(!plain)}>{plain ? 'Formatted' : 'Plain text'}</Button>
            )}
            <CopyButton text={text} label="Copy the answer" />
          </div>
          {structured ? <JsonTree value={structured} />
            : state.status === 'running' || plain ? <p className="plain-text">{text}</p> : <Markdown text={text} />}
        </div>
      )}
    </>
  );
}

function Figures({state}: {state: RunState}) {
  const {result} = state;
  if (!result) return null;
  const unknown = result.costStatus === 'unknown';
  return (
    <>
      <Stats>
        <Stat label="Cost" value={unknown ? 'not known' : formatMoney(result.cost)}
          detail={unknown ? 'no price for this model' : result.costStatus === 'estimated' ? 'estimated' : undefined} />
        <Stat label="Latency" value={formatLatency(result.latencyMs)}
          detail={result.timeToFirstTokenMs === null ? undefined
            : `first token ${formatLatency(result.timeToFirstTokenMs)}`} />
        <Stat label="Tokens" value={formatNumber(result.usage.totalTokens)}
          detail={`${formatNumber(result.usage.inputTokens)} in, ${formatNumber(result.usage.outputTokens)} out`} />
      </Stats>
      {result.finishReason === 'max_tokens' && <Note
        tone="warn">The answer was cut off by the limit of output tokens.</Note>}
      {!result.spanStored && <Note tone="warn">This run could not be recorded, so it has no span.</Note>}
    </>
  );
}

export function RunPanel({variables, values, onValue, state, onRun, onStop, blocked, playground}: {
  variables: string[];
  values: Readonly<Record<string, string>>;
  onValue: (name: string, value: string) => void;
  state: RunState;
  onRun: () => void;
  onStop: () => void;
  blocked: string | null; // why it cannot run
  playground: string; // where "open in playground" leads before a run
}) {
  const {can} = useSession();
  const running = state.status === 'running';
  const failedSpan = state.error instanceof ApiError && typeof state.error.body['spanId'] === 'string'
    ? state.error.body['spanId'] : null;
  const spanId = state.result?.spanStored ? state.result.spanId : failedSpan;
  return (
    <aside className="run-panel card" aria-label="Try it">
      <header className="card-head">
        <h2 className="grow">Try it</h2>
        {running ? <Button icon={<Square size={12} aria-hidden />} onClick={onStop}>Stop</Button> : (
          <Button variant="primary" icon={<Play size={13} aria-hidden />} onClick={onRun}
            disabled={blocked !== null || !can('editor')}
            title={`${isApple ? '⌘' : 'Ctrl+'}Enter`}>Run</Button>
        )}
      </header>
      <div className="card-body column">
        {variables.length === 0 ? (
          <p className="small soft">No variables. Write {'{{name}}'} in a message to have one.</p>
        ) : variables.map((name) => (
          <TextArea key={name} label={name} rows={2} value={values[name] ?? ''} className="variable-value"
            placeholder="empty"
            onChange={(value) => onValue(name, value)} />
        ))}
        {blocked && <p className="small soft">{blocked}</p>}
        {!can('editor') && <p className="small soft">Your role can look, but not run.</p>}
        <div className="run-output" aria-busy={running}>
          {state.status === 'idle' && !blocked && (
            <p className="small faint">
              Press Run, or <Kbd>{isApple ? '⌘' : 'Ctrl'}</Kbd> <Kbd>Enter</Kbd>. What you see in the editor runs, saved or not.
            </p>
          )}
          {running && !state.text && !state.toolCalls.length && (
            <p className="soft small waiting">Waiting for the model…</p>
          )}
          <Answer state={state} />
          {state.status === 'stopped' && <Note>Stopped. What had arrived is above.</Note>}
          {state.status === 'failed' && <>
            <ErrorNote error={state.error} onRetry={onRun} />
            <MissingKey code={state.error instanceof ApiError ? state.error.code : null} />
          </>}
          <Figures state={state} />
        </div>
        <span className="visually-hidden" aria-live="polite">{state.status === 'done' ? 'The answer is complete.'
          : ''}</span>
        <div className="row wrapping small">
          {spanId && <Link href={`/spans/${spanId}`} className="row tight-link"><Activity
            size={13} aria-hidden />Open its span</Link>}
          <Link href={spanId ? `/playground?span=${spanId}` : playground} className="row tight-link">
            <ExternalLink size={13} aria-hidden />Open in playground
          </Link>
        </div>
      </div>
    </aside>
  );
}
