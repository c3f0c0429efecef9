import {expect, test} from 'vitest';
import {findHits, wordsOf} from './hits';

test('words of a search, once each and without its signs', () => {
  expect(wordsOf(' Refund* refund  a  policy ')).toEqual(['refund', 'policy']);
});

test('hits are found in any letter case, and never beyond their number', () => {
  expect(findHits('Refund and refunds', ['refund'])).toEqual([[0, 6], [11, 17]]);
  expect(findHits('aaaa', ['aa'], 1)).toEqual([[0, 2]]);
});
