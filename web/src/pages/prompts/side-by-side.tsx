// Two drafts side by side, part by part. What changed is marked by signs and words too, not by colour alone.
import {useState, type ReactNode} from 'react';
import {Badge, Button, plural} from '../../ui';
import {folded, lineDiff, type DiffRow, type Side} from './diff';
import type {PartPair} from './parts';
import './diff.css';

function Cell({side, mark, word}: {side: Side | null; mark: string; word: string}) {
  if (!side) return <td className="diff-text none" />;
  return (
    <td className={`diff-text ${mark ? (mark === '+' ? 'added' : 'removed') : ''}`}>
      <span className="diff-mark" aria-hidden>{mark}</span>
      {mark && <span className="visually-hidden">{word}: </span>}
      {side.spans.map((span, i) => (span.changed && mark ? <mark key={i} className="diff-word">{span.text}</mark>
        : <span key={i}>{span.text}</span>))}
    </td>
  );
}

function Lines({pair, left, right}: {pair: PartPair; left: string; right: string}) {
  const [whole, setWhole] = useState(false);
  const rows = lineDiff(pair.left, pair.right);
  const shown: (DiffRow | number)[] = whole ? rows : folded(rows);
  const changed = (row: DiffRow) => row.kind !== 'same';
  return (
    <div className="diff-box" tabIndex={0} role="region" aria-label={`${pair.title}: ${left} and ${right}`}>
      <table className="diff-table">
        <colgroup><col className="diff-line" /><col /><col className="diff-line" /><col /></colgroup>
        <thead className="visually-hidden">
          <tr><th scope="col">Line</th><th scope="col">{left}</th><th scope="col">Line</th><th
            scope="col">{right}</th></tr>
        </thead>
        <tbody>
          {shown.map((row, i) => typeof row === 'number' ? (
            <tr key={i} className="diff-fold">
              <td colSpan={4}><Button size="small" variant="ghost"
                onClick={() => setWhole(true)}>{plural(row, 'equal line')}</Button></td>
            </tr>
          ) : (
            <tr key={i}>
              <td className="diff-number number">{row.left?.line}</td>
              <Cell side={row.left} mark={changed(row) ? '−' : ''} word="removed" />
              <td className="diff-number number">{row.right?.line}</td>
              <Cell side={row.right} mark={changed(row) ? '+' : ''} word="added" />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Values({pair}: {pair: PartPair}) {
  const value = (text: string) => text || <span className="faint">not set</span>;
  return (
    <div className="diff-values">
      <div className={pair.same ? '' : 'removed'}>{value(pair.left)}</div>
      <div className={pair.same ? '' : 'added'}>{value(pair.right)}</div>
    </div>
  );
}

function state(pair: PartPair) {
  if (pair.same) return <Badge>same</Badge>;
  if (!pair.left) return <Badge tone="good">added</Badge>;
  if (!pair.right) return <Badge tone="bad">removed</Badge>;
  return <Badge tone="warn">changed</Badge>;
}

export function SideBySide({pairs, left, right, aside}: {
  pairs: readonly PartPair[];
  left: string; // what stands on the left, and on the right
  right: string;
  aside?: (pair: PartPair) => ReactNode; // at the end of a part's heading
}) {
  const [all, setAll] = useState(false);
  const different = pairs.filter((pair) => !pair.same);
  const equal = pairs.filter((pair) => pair.same && (pair.left || pair.right));
  return (
    <div className="column">
      <div className="diff-heads" aria-hidden><span>{left}</span><span>{right}</span></div>
      {different.length === 0 && <p className="soft">{left} and {right} are the same.</p>}
      {(all ? pairs.filter((pair) => pair.left || pair.right || !pair.same) : different).map((pair) => (
        <section key={pair.key} className="diff-part" aria-label={pair.title}>
          <header className="row">
            <h3 className="truncate">{pair.title}</h3>{state(pair)}<span className="grow" />{aside?.(pair)}
          </header>
          {pair.long ? <Lines pair={pair} left={left} right={right} /> : <Values pair={pair} />}
        </section>
      ))}
      {equal.length > 0 && (
        <div><Button size="small" variant="ghost" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Hide what is the same' : `Show ${plural(equal.length, 'part')} that ${equal.length === 1 ? 'is' : 'are'} the same`}
        </Button></div>
      )}
    </div>
  );
}
