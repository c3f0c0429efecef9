import {expect, test} from 'vitest';
import {EventParser} from './events';

const text = ': hello\r\nevent: delta\r\ndata: {"text":"Grüße"}\r\n\r\nid: 7\ndata: a\ndata: b\n\ndata\n\nevent: x\n\n';
const expected = [
  {event: 'delta', data: '{"text":"Grüße"}', id: ''},
  {event: 'message', data: 'a\nb', id: '7'},
  {event: 'message', data: '', id: '7'},
];

test('events are the same wherever the stream is cut', () => {
  for (let cut = 0; cut <= text.length; ++cut) {
    const parser = new EventParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(expected);
  }
});

test('an event without its empty line is not given', () => {
  expect(new EventParser().push('data: half\n')).toEqual([]);
});
