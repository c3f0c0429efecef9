import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {firstVariants} from './create';
import {consequence} from './promote';
import {keyProblem, newVariant, sameProblem} from './variants';
import {formatDifference, formatRange, reach, shares, verdictOf, type Results} from './words';

const example = (name: string) => JSON.parse(readFileSync(`../api/examples/${name}`, 'utf8'));
const results: Results = example('experiments_results.response.200.json');
const prompt = example('prompts_get.response.200.json');

test('shares are whole percents that add up to 100', () => {
  expect(shares([1, 1, 1])).toEqual([34, 33, 33]);
  expect(shares([90, 10])).toEqual([90, 10]);
  expect(shares([1, 999])).toEqual([0, 100]);
  for (const weights of [
    [7, 11, 13],
    [1, 2, 3, 4, 5, 6, 7],
  ])
    expect(shares(weights).reduce((a, b) => a + b)).toBe(100);
});

test('differences are percents of the control, points, or the figure itself', () => {
  expect(formatDifference('cost', -0.16)).toBe('−16 %');
  expect(formatDifference('latency', 0.04)).toBe('+4 %');
  expect(formatDifference('tokens', 0.001)).toBe('0 %');
  expect(formatDifference('quality', -0.05)).toBe('−0.05');
  expect(formatRange('errorRate', -0.012, 0.014)).toBe('−1.2 to +1.4 points');
});

test('every verdict is said in words, and a wrong split above all', () => {
  expect(verdictOf(results)).toMatchObject({title: 'short wins', tone: 'good'});
  expect(verdictOf({...results, winner: 'control'}).title).toBe('Keep control');
  expect(verdictOf({...results, verdict: 'sampleRatioMismatch'})).toMatchObject({tone: 'bad'});
  expect(verdictOf({...results, verdict: 'inconclusive'}).text).toContain('no proof');
  expect(verdictOf({...results, verdict: 'collecting'}).text).toContain('50');
});

test('the ranges of a metric are drawn on one scale, the same to both sides of zero', () => {
  const comparisons = results.variants[1]!.comparisons;
  expect(reach(comparisons)).toBeGreaterThan(0.2);
  expect(reach(comparisons.filter((each) => each.metric === 'quality'))).toBe(0);
});

test('a new experiment sets the newest version against what runs today', () => {
  expect(firstVariants(prompt).map(({key, version}) => [key, version])).toEqual([
    ['v2', 2],
    ['v3', 3],
  ]);
  expect(firstVariants({...prompt, defaultLabel: 'staging'}).map(({version}) => version)).toEqual([2, 3]);
  expect(
    firstVariants({...prompt, defaultLabel: null, versions: prompt.versions.slice(2)}).map(({key}) => key),
  ).toEqual(['v1', 'v1-2']);
});

test('variants that run the same, or share a name, are refused before the server does', () => {
  const [a, b] = [newVariant(1, []), newVariant(1, ['v1'])];
  expect(sameProblem([a, b])).toContain('run the same');
  expect(sameProblem([a, {...b, model: 'gpt-4o-mini'}])).toBeNull();
  expect(keyProblem([a, {...b, key: 'v1'}], 1)).toContain('taken');
  expect(keyProblem([a, {...b, key: 'Ä b'}], 1)).not.toBeNull();
});

test('promotion says beforehand what it changes', () => {
  const variant = {key: 'short', version: 3, weight: 1, provider: null, model: null};
  expect(consequence(prompt, variant)).toBe('The label “production” moves from version 2 to version 3.');
  expect(consequence(prompt, {...variant, version: 2})).toContain('already');
  expect(consequence(prompt, {...variant, model: 'gpt-4o-mini'})).toContain(
    'A new version is made of version 3, with gpt-4o-mini',
  );
  expect(consequence({...prompt, defaultLabel: null}, variant)).toContain('newest already');
  expect(consequence({...prompt, defaultLabel: null}, {...variant, version: 1})).toContain('becomes version 4');
});
