import {expect, test} from 'vitest';
import type {Schemas} from '../../api/client';
import {costLines, findModel} from './cost';

const model = {
  provider: 'openai',
  model: 'gpt-x',
  aliases: ['gpt-x-2026'],
  prices: [
    {aboveTokens: 0, input: 2, cachedRead: 1, output: 8},
    {aboveTokens: 1000, input: 4, cachedRead: 2, output: 16},
  ],
} as unknown as Schemas['Model'];
const span = (fields: Partial<Schemas['Span']>) =>
  ({inputTokens: 100, outputTokens: 10, cachedInputTokens: 40, cost: 0.00024, ...fields}) as Schemas['Span'];

test('tokens by kind at their prices, when they add up to the cost', () => {
  expect(costLines(span({}), model)).toEqual([
    {label: 'Input', tokens: 60, perMillion: 2, cost: 0.00012},
    {label: 'Input from cache', tokens: 40, perMillion: 1, cost: 0.00004},
    {label: 'Output', tokens: 10, perMillion: 8, cost: 0.00008},
  ]);
  expect(costLines(span({cost: 0.1}), model)).toBeNull();
  expect(costLines(span({cost: null}), model)).toBeNull();
  expect(costLines(span({}), undefined)).toBeNull();
});

test('a long input is priced by its tier', () => {
  const lines = costLines(span({inputTokens: 1001, cachedInputTokens: null, cost: (1001 * 4 + 160) / 1e6}), model);
  expect(lines?.map((line) => line.perMillion)).toEqual([4, 16]);
});

test('models are found by their other names, in any letter case, of their provider only', () => {
  expect(findModel([model], 'openai', 'GPT-X-2026')).toBe(model);
  expect(findModel([model], 'azure', 'gpt-x')).toBeUndefined();
  expect(findModel([model], 'openai', null)).toBeUndefined();
});
