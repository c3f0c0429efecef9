import {expect, test} from 'vitest';
import {formatAgo, formatBytes, formatLatency, formatMoney, formatPercent, plural} from './format';

test('a cost that is not zero is never shown as zero', () => {
  for (const cost of [0.000001, 0.0000375, 0.00042, 0.0099, 0.5, 12]) expect(formatMoney(cost)).not.toMatch(/^\$0(\.0+)?$/);
  expect(formatMoney('0.0000375')).toBe('$0.000038');
  expect(formatMoney(1234.5)).toBe('$1,234.50');
  expect(formatMoney(0)).toBe('$0');
  expect(formatMoney(null)).toBe('–');
});

test('latency grows from milliseconds to minutes', () => {
  expect(formatLatency(12.4)).toBe('12 ms');
  expect(formatLatency(1234)).toBe('1.23 s');
  expect(formatLatency(61_000)).toBe('1 min 1 s');
  expect(formatLatency(undefined)).toBe('–');
});

test('shares, sizes, counts and ages are words people know', () => {
  expect(formatPercent(0.1234)).toBe('12.3 %');
  expect(formatBytes(5 * 1024 * 1024)).toBe('5.0 MiB');
  expect(plural(1, 'span')).toBe('1 span');
  expect(plural(1200, 'span')).toBe('1,200 spans');
  expect(formatAgo('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:00:00Z'))).toContain('2');
});
