import {expect, test} from 'vitest';
import {common, folded, lineDiff, wordDiff} from './diff';

const side = (rows: ReturnType<typeof lineDiff>, which: 'left' | 'right') =>
  rows.flatMap((row) => (row[which] ? [row[which].spans.map((span) => span.text).join('')] : [])).join('\n');

test('both sides of a difference hold their whole text, whatever the texts are', () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 300; ++round) {
    const text = () => Array.from({length: 1 + random(12)}, () => 'abc'[random(3)]!.repeat(1 + random(2))).join('\n');
    const [left, right] = [text(), text()];
    const rows = lineDiff(left, right);
    expect(side(rows, 'left')).toBe(left);
    expect(side(rows, 'right')).toBe(right);
    for (const row of rows) if (row.kind === 'same') expect(row.left!.spans).toEqual(row.right!.spans);
  }
});

test('equal elements are found in order and as many as can be', () => {
  expect(common([...'abcabba'], [...'cbabac'])).toHaveLength(4);
  expect(common([...'abc'], [...'abc'])).toEqual([[0, 0], [1, 1], [2, 2]]);
  expect(common([], ['a'])).toEqual([]);
});

test('a changed word is marked and the rest of its line is not', () => {
  const [left, right] = wordDiff('You write short emails.', 'You write friendly emails.');
  expect(left.filter((span) => span.changed).map((span) => span.text)).toEqual(['short']);
  expect(right.filter((span) => span.changed).map((span) => span.text)).toEqual(['friendly']);
});

test('lines that were added and removed stand alone', () => {
  expect(lineDiff('a\nb', 'a\nb\nc').map((row) => row.kind)).toEqual(['same', 'same', 'added']);
  expect(lineDiff('a\nb', 'b').map((row) => row.kind)).toEqual(['removed', 'same']);
  expect(lineDiff('', '')).toEqual([]);
});

test('long equal stretches fold', () => {
  const left = Array.from({length: 40}, (_, i) => `line ${i}`).join('\n');
  const rows = folded(lineDiff(left, left.replace('line 20', 'other')));
  expect(rows.filter((row) => typeof row === 'number')).toEqual([17, 16]);
});

test('texts of thousands of lines with nothing in common are compared quickly', () => {
  const text = (name: string) => Array.from({length: 20_000}, (_, i) => `${name} ${i}`).join('\n');
  expect(lineDiff(text('a'), text('b'))).toHaveLength(20_000);
});
