// One span: content at the left, figures and evaluations at the right; one below the other where there is little
// room, as at the side of a trace.
import {useRef, useState} from 'react';
import {useHits} from '../../content/hits';
import {ErrorNote, Skeleton} from '../../ui';
import {Evaluations} from './Evaluations';
import {SpanContent, type SpanTab} from './SpanContent';
import {SpanFacts} from './SpanFacts';
import {useSpan, type Span, type SpanAddress} from './span-query';
import './span.css';

export function SpanBody({
  span,
  words,
  tab,
  onTab,
}: {
  span: Span;
  words: string[];
  tab: SpanTab;
  onTab: (tab: SpanTab) => void;
}) {
  const content = useRef<HTMLDivElement>(null);
  useHits(content, words);
  return (
    <div className="span-detail">
      <div className="span-columns">
        <div className="span-main" ref={content}>
          <SpanContent span={span} tab={tab} onTab={onTab} />
        </div>
        <section className="span-side" aria-label="Figures">
          <Evaluations span={span} />
          <SpanFacts span={span} />
        </section>
      </div>
    </div>
  );
}

export const SpanSkeleton = () => (
  <div className="span-detail">
    <div className="span-columns">
      <div className="span-main">
        <Skeleton lines={14} />
      </div>
      <div className="span-side">
        <Skeleton height={150} />
        <Skeleton height={200} />
        <Skeleton height={220} />
      </div>
    </div>
  </div>
);

// A span by its address, for the side of another page.
export function SpanDetail({address}: {address: SpanAddress}) {
  const span = useSpan(address);
  const [tab, setTab] = useState<SpanTab>('content');
  if (span.data) return <SpanBody span={span.data} words={[]} tab={tab} onTab={setTab} />;
  if (span.error) return <ErrorNote error={span.error} onRetry={() => void span.refetch()} />;
  return <SpanSkeleton />;
}
