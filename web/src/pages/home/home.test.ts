import {expect, test} from 'vitest';
import {byHour, firstModel} from './data';
import {changeOf} from './glance';
import {languages, snippet} from './snippets';

test('24 hours, whether or not something happened in them', () => {
  const end = Date.parse('2026-11-21T10:20:00Z');
  const hours = byHour(
    [
      {
        bucket: '2026-11-21T10:00:00.000000Z',
        requests: 4,
        errors: 1,
        cost: 0.5,
        latencyMs: {p50: 1, p95: 2, p99: 3},
      } as never,
      {bucket: '2026-11-20T11:00:00.000000Z', requests: 2} as never,
    ],
    end,
  );
  expect(hours).toHaveLength(24);
  expect(hours[23]).toMatchObject({requests: 4, errors: 1, cost: 0.5, p95: 2});
  expect(hours[0]).toMatchObject({requests: 2, errors: 0, p95: null});
  expect(hours[5]).toMatchObject({requests: 0, cost: 0});
});

test('a change is said against the day before, and not at all without one', () => {
  expect(changeOf(120, 100)).toBe('20 % more than the day before');
  expect(changeOf(50, 100)).toBe('50 % less than the day before');
  expect(changeOf(100, 100)).toBe('as the day before');
  expect(changeOf(3000, 100)).toBe('30 times the day before');
  expect(changeOf(5, 0)).toBeNull();
  expect(changeOf(null, 5)).toBeNull();
});

test('the first model is small, and one that chats', () => {
  const models = (...ids: string[]) => ids.map((id) => ({id, provider: 'openai'}));
  expect(firstModel(models('gpt-4o', 'gpt-4o-mini'))).toBe('gpt-4o-mini');
  expect(firstModel(models('text-embedding-3-small', 'gpt-9'))).toBe('gpt-9');
  expect(firstModel([{id: 'voyage-4', provider: 'voyage'}])).toBeNull();
});

test('every snippet has the address, the key and the prompt in it, whatever they hold', () => {
  const input = {
    url: 'https://t.example',
    key: 'tr_secret',
    model: 'gpt-4o-mini',
    prompt: {slug: 'welcome', variables: ['name', 'it’s']},
  };
  for (const {value} of languages) {
    const {code} = snippet(value, input);
    expect(code).toContain('https://t.example');
    expect(code).toContain('tr_secret');
    if (value !== 'openai' && value !== 'otel') expect(code).toContain('welcome');
    expect(snippet(value, {...input, prompt: null}).code).not.toContain('welcome');
  }
  expect(snippet('curl', {...input, prompt: {slug: 'a', variables: ["o'clock"]}}).code).toContain("o'\\''clock");
});
