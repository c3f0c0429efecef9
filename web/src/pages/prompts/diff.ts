// What differs between two texts: lines side by side, and the words within lines that were changed.

// Pairs of equal elements, in order (Myers). Beyond `budget` differences the rest counts as different: the texts have
// little in common then, and a shorter answer is as good.
export function common<T>(left: readonly T[], right: readonly T[], budget = 1500): [number, number][] {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) ++head;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head &&
    left[left.length - 1 - tail] === right[right.length - 1 - tail]) ++tail;
  const pairs: [number, number][] = Array.from({length: head}, (_, i) => [i, i]);
  pairs.push(...middle(left.slice(head, left.length - tail), right.slice(head, right.length - tail), budget)
    .map(([x, y]): [number, number] => [x + head, y + head]));
  for (let i = tail; i > 0; --i) pairs.push([left.length - i, right.length - i]);
  return pairs;
}

function middle<T>(a: readonly T[], b: readonly T[], budget: number): [number, number][] {
  if (a.length === 0 || b.length === 0) return [];
  const depth = Math.min(a.length + b.length, budget);
  const far = new Int32Array(2 * depth + 3).fill(0);
  const at = (k: number) => k + depth + 1;
  const history: Int32Array[] = [];
  for (let d = 0; d <= depth; ++d) {
    history.push(far.slice(at(-d - 1), at(d + 1) + 1));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && far[at(k - 1)]! < far[at(k + 1)]!) ? far[at(k + 1)]! : far[at(k - 1)]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) ++x;
      far[at(k)] = x;
      if (x >= a.length && x - k >= b.length) return trace(history, a.length, b.length);
    }
  }
  return [];
}

function trace(history: readonly Int32Array[], x: number, y: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let d = history.length - 1; d > 0; --d) {
    const far = history[d]!;
    const at = (k: number) => far[k + d + 1]!;
    const k = x - y;
    const previous = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const px = at(previous);
    const py = px - previous;
    while (x > px && y > py) pairs.push([--x, --y]);
    x = px;
    y = py;
  }
  while (x > 0 && y > 0) pairs.push([--x, --y]);
  return pairs.reverse();
}

export interface Span {
  text: string;
  changed: boolean;
}
export interface Side {
  line: number; // from 1
  spans: Span[];
}
export interface DiffRow {
  kind: 'same' | 'changed' | 'removed' | 'added';
  left: Side | null;
  right: Side | null;
}

const lines = (text: string) => (text === '' ? [] : text.split('\n'));
const wordMax = 2000;

function join(words: readonly string[], kept: ReadonlySet<number>): Span[] {
  const spans: Span[] = [];
  words.forEach((word, i) => {
    const changed = !kept.has(i);
    const last = spans[spans.length - 1];
    if (last?.changed === changed) last.text += word;
    else spans.push({text: word, changed});
  });
  return spans;
}

// The words of two lines that differ. Lines with too little in common are changed as a whole.
export function wordDiff(left: string, right: string): [Span[], Span[]] {
  const a = left.match(/\w+|\s+|[^\w\s]/gu) ?? [];
  const b = right.match(/\w+|\s+|[^\w\s]/gu) ?? [];
  const whole = (text: string): Span[] => (text === '' ? [] : [{text, changed: true}]);
  if (a.length > wordMax || b.length > wordMax) return [whole(left), whole(right)];
  const pairs = common(a, b, 400);
  const shared = pairs.reduce((sum, [i]) => sum + a[i]!.trim().length, 0);
  if (shared * 4 < Math.max(left.trim().length, right.trim().length)) return [whole(left), whole(right)];
  return [join(a, new Set(pairs.map(([i]) => i))), join(b, new Set(pairs.map(([, j]) => j)))];
}

export function lineDiff(left: string, right: string): DiffRow[] {
  const a = lines(left);
  const b = lines(right);
  const rows: DiffRow[] = [];
  let x = 0;
  let y = 0;
  const plain = (line: number, text: string, changed: boolean): Side =>
    ({line, spans: text === '' ? [] : [{text, changed}]});
  const gap = (toX: number, toY: number) => {
    while (x < toX && y < toY) {
      const [l, r] = wordDiff(a[x]!, b[y]!);
      rows.push({kind: 'changed', left: {line: ++x, spans: l}, right: {line: ++y, spans: r}});
    }
    for (; x < toX; ++x) rows.push({kind: 'removed', left: plain(x + 1, a[x]!, true), right: null});
    for (; y < toY; ++y) rows.push({kind: 'added', left: null, right: plain(y + 1, b[y]!, true)});
  };
  for (const [i, j] of common(a, b)) {
    gap(i, j);
    rows.push({kind: 'same', left: plain(++x, a[i]!, false), right: plain(++y, b[j]!, false)});
  }
  gap(a.length, b.length);
  return rows;
}

// Rows with long equal stretches taken out; a number stands for so many of them.
export function folded(rows: readonly DiffRow[], context = 3): (DiffRow | number)[] {
  const near = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (row.kind !== 'same') near.fill(1, Math.max(0, i - context), i + context + 1);
  });
  const result: (DiffRow | number)[] = [];
  let start = 0;
  while (start < rows.length) {
    let end = start;
    while (end < rows.length && near[end] === near[start]) ++end;
    if (near[start] || end - start <= 2) result.push(...rows.slice(start, end));
    else result.push(end - start);
    start = end;
  }
  return result;
}
