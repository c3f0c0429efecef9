// The figures beside a span: time, tokens, cost, settings, where it belongs.
import type {ReactNode} from 'react';
import {Link} from 'wouter';
import {useModels} from '../../editor/ModelPicker';
import {
  Badge,
  Card,
  CopyButton,
  formatDateTime,
  formatLatency,
  formatMoney,
  formatNumber,
  formatPercent,
} from '../../ui';
import {finishWords, kindNames} from './columns';
import {costLines, costWords, findModel} from './cost';
import type {Span} from './span-query';

function Fact({label, children, sub}: {label: ReactNode; children: ReactNode; sub?: boolean}) {
  return (
    <div className={`fact ${sub ? 'sub' : ''}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Tokens({span}: {span: Span}) {
  const rows: [string, number | null, boolean][] = [
    ['Input', span.inputTokens, false],
    ['from cache', span.cachedInputTokens, true],
    ['written to cache', span.cacheWriteTokens, true],
    ['kept for an hour', span.cacheWrite1hTokens, true],
    ['audio', span.inputAudioTokens, true],
    ['Output', span.outputTokens, false],
    ['reasoning', span.reasoningTokens, true],
    ['audio', span.outputAudioTokens, true],
    ['Together', span.totalTokens, false],
  ];
  if (rows.every(([, count]) => count === null)) return <p className="soft">Nobody counted them.</p>;
  return (
    <dl className="facts">
      {rows.map(([label, count, part], i) =>
        part && !count ? null : (
          <Fact key={i} label={label} sub={part}>
            {formatNumber(count)}
          </Fact>
        ),
      )}
    </dl>
  );
}

function Cost({span}: {span: Span}) {
  const models = useModels();
  const lines = costLines(span, findModel(models.data?.models ?? [], span.provider, span.model));
  return (
    <>
      <p className="cost-total">
        {span.costStatus === 'estimated' && <span title="An estimate">≈ </span>}
        {formatMoney(span.cost)}
      </p>
      {lines && lines.length > 0 && (
        <table className="cost-lines">
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col" className="number">
                Tokens
              </th>
              <th scope="col" className="number">
                Per million
              </th>
              <th scope="col" className="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.label}>
                <td>{line.label}</td>
                <td className="number">{formatNumber(line.tokens)}</td>
                <td className="number">{formatMoney(line.perMillion)}</td>
                <td className="number">{formatMoney(line.cost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="soft small">{costWords[span.costStatus]}</p>
      {span.cost !== null && span.cost > 0 && !lines && !models.isPending && span.costStatus !== 'included' && (
        <p className="soft small">The parts are not shown: the prices at the time of the call are not today’s.</p>
      )}
    </>
  );
}

function Attempts({span}: {span: Span}) {
  if (span.attempts.length === 0) return null;
  return (
    <Card title={span.attempts.length === 1 ? 'One attempt' : `${span.attempts.length} attempts`}>
      <ol className="attempts">
        {span.attempts.map((attempt, i) => (
          <li key={i}>
            <div className="row">
              <Badge tone={attempt.status >= 200 && attempt.status < 300 ? 'good' : 'bad'}>
                {attempt.status === 0 ? 'no answer' : attempt.status}
              </Badge>
              <span className="wrap isolate grow">
                {attempt.provider} / {attempt.model}
              </span>
              <span className="number">{formatLatency(attempt.latencyMs)}</span>
            </div>
            {(attempt.message || attempt.errorKind) && (
              <p className="soft small wrap isolate">
                {[attempt.errorKind, attempt.message].filter(Boolean).join(': ')}
              </p>
            )}
            <p className="faint small wrap">
              {i > 0 && `After ${formatLatency(attempt.startOffsetMs)}. `}
              {attempt.requestId && (
                <>
                  Request <code>{attempt.requestId}</code>
                </>
              )}
            </p>
          </li>
        ))}
      </ol>
    </Card>
  );
}

const enc = encodeURIComponent;

export function SpanFacts({span}: {span: Span}) {
  const share = span.cachedInputTokens && span.inputTokens ? span.cachedInputTokens / span.inputTokens : null;
  const rate =
    span.outputTokens && span.latencyMs > (span.timeToFirstTokenMs ?? 0)
      ? span.outputTokens / ((span.latencyMs - (span.timeToFirstTokenMs ?? 0)) / 1000)
      : null;
  return (
    <>
      <Card title="Time">
        <dl className="facts">
          <Fact label="Latency">{formatLatency(span.latencyMs)}</Fact>
          {span.timeToFirstTokenMs !== null && (
            <Fact label="To the first token">{formatLatency(span.timeToFirstTokenMs)}</Fact>
          )}
          {rate !== null && <Fact label="Output tokens per second">{formatNumber(Math.round(rate))}</Fact>}
          <Fact label="Started">
            <time dateTime={span.startTime}>{formatDateTime(span.startTime)}</time>
          </Fact>
        </dl>
      </Card>
      {(span.spanKind === 'LLM' || span.spanKind === 'EMBEDDING') && (
        <>
          <Card title="Cost">
            <Cost span={span} />
          </Card>
          <Card
            title="Tokens"
            actions={share !== null && <Badge tone="good">{formatPercent(share, 0)} from cache</Badge>}>
            <Tokens span={span} />
          </Card>
        </>
      )}
      <Attempts span={span} />
      <Card title="Details">
        <dl className="facts">
          <Fact label="Kind">{kindNames[span.spanKind]}</Fact>
          {span.model && (
            <Fact label="Model">
              <bdi>
                {span.provider} / {span.model}
              </bdi>
            </Fact>
          )}
          {span.promptSlug && (
            <Fact label="Prompt">
              <Link href={`/prompts/${enc(span.promptSlug)}`}>
                {span.promptSlug}
                {span.promptVersion !== null && ` v${span.promptVersion}`}
              </Link>
            </Fact>
          )}
          {span.label && <Fact label="Label">{span.label}</Fact>}
          {span.experimentId && span.promptSlug && (
            <Fact label="Experiment">
              <Link href={`/experiments/${enc(span.promptSlug)}/${enc(span.experimentId)}`}>
                {span.variant ? `variant ${span.variant}` : span.experimentId}
              </Link>
            </Fact>
          )}
          {span.finishReason && (
            <Fact label="Stopped because">
              {finishWords[span.finishReason]}
              {span.providerFinishReason &&
                span.providerFinishReason !== span.finishReason &&
                ` (“${span.providerFinishReason}”)`}
            </Fact>
          )}
          {span.temperature !== null && <Fact label="Temperature">{span.temperature}</Fact>}
          {span.topP !== null && <Fact label="Top P">{span.topP}</Fact>}
          {span.maxOutputTokens !== null && <Fact label="Token limit">{formatNumber(span.maxOutputTokens)}</Fact>}
          {span.userId !== null && (
            <Fact label="End user">
              <Link href={`/users/${enc(span.userId)}`}>
                <bdi>{span.userId}</bdi>
              </Link>
            </Fact>
          )}
          {span.sessionId !== null && (
            <Fact label="Session">
              <Link href={`/sessions/${enc(span.sessionId)}`}>
                <bdi>{span.sessionId}</bdi>
              </Link>
            </Fact>
          )}
          <Fact label="Trace">
            <Link href={`/traces/${enc(span.traceId)}?span=${span.spanId}`} className="mono">
              {span.traceId}
            </Link>
            <CopyButton text={span.traceId} label="Copy trace id" />
          </Fact>
          {span.parentSpanId && (
            <Fact label="Parent">
              <Link href={`/spans/${span.parentSpanId}?trace=${enc(span.traceId)}`} className="mono">
                {span.parentSpanId}
              </Link>
            </Fact>
          )}
          <Fact label="Span id">
            <code>{span.spanId}</code>
            <CopyButton text={span.spanId} label="Copy span id" />
          </Fact>
          {span.tags.length > 0 && (
            <Fact label="Tags">
              <span className="row wrapping tag-list">
                {span.tags.map((tag) => (
                  <Link key={tag} href={`/spans?tags=${enc(tag)}`} className="badge">
                    <bdi className="truncate">{tag}</bdi>
                  </Link>
                ))}
              </span>
            </Fact>
          )}
        </dl>
      </Card>
    </>
  );
}
