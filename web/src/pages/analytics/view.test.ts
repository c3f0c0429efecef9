import {expect, test} from 'vitest';
import {bucketStart, bucketTimes, dayMs, filterQuery, readView, spansPath, utcOffset} from './view';

const now = Date.parse('2026-11-20T12:34:56Z');
const read = (search: string) => readView(new URLSearchParams(search), now);

test('an address without anything means the last seven days by the day', () => {
  const view = read('');
  expect(view).toMatchObject({preset: '7d', bucket: 'day', bucketChosen: false, group: null, filters: {}, to: null});
  expect(view.from).toBeLessThanOrEqual(now - 7 * dayMs);
  expect(view.from).toBe(bucketStart(view.from, 'day', utcOffset(now)));
});

test('an address made by hand never leads to a view that cannot be drawn', () => {
  expect(read('range=century&bucket=second&by=colour')).toMatchObject({preset: '7d', bucket: 'day', group: null});
  expect(read('range=90d&bucket=minute').bucket).toBe('day'); // more buckets than the server answers
  expect(read('from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z').preset).toBe('7d'); // ends before it begins
  expect(read('from=yesterday').preset).toBe('7d');
});

test('own times are taken as they are', () => {
  const view = read('from=2026-11-01T10:15:00Z&to=2026-11-02T00:00:00Z&by=model&model=gpt-4o&tags=a,b&promptVersion=3');
  expect(view).toMatchObject({preset: null, from: Date.parse('2026-11-01T10:15:00Z'), group: 'model', bucket: 'hour'});
  expect(filterQuery(view.filters)).toEqual({model: 'gpt-4o', tags: ['a', 'b'], promptVersion: 3});
  expect(filterQuery({promptVersion: 'three'})).toEqual({});
});

test('days begin where the reader’s days begin', () => {
  expect(new Date(bucketStart(now, 'day', 330)).toISOString()).toBe('2026-11-19T18:30:00.000Z');
  expect(new Date(bucketStart(now, 'day', -300)).toISOString()).toBe('2026-11-20T05:00:00.000Z');
});

test('every bucket of the time is there, also those without spans, and none after the end', () => {
  const hours = bucketTimes(read('from=2026-11-01T10:15:00Z&to=2026-11-01T13:00:00Z&bucket=hour'), now);
  expect(hours.map((time) => new Date(time).toISOString().slice(11, 16))).toEqual(['10:00', '11:00', '12:00']);
  expect(bucketTimes(read('range=24h'), now)).toHaveLength(25);
});

test('a hostile filter stays one value in the address of spans', () => {
  const path = spansPath({model: 'a&status=ERROR#"><script>'}, 0, 1000);
  const search = new URLSearchParams(path.slice(path.indexOf('?')));
  expect(search.get('model')).toBe('a&status=ERROR#"><script>');
  expect([...search.keys()]).toEqual(['model', 'startDate', 'endDate']);
});
