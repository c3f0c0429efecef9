import {expect, test} from 'vitest';
import {capFromFields, toCapFields} from './caps';

test('an amount is taken as people write it, and kept exact', () => {
  expect(capFromFields({usd: ' $12,50 ', period: 'day'})).toEqual({usd: '12.50', period: 'day'});
  expect(capFromFields({usd: '0.000000000000000001', period: 'month'})?.usd).toBe('0.000000000000000001');
  expect(capFromFields({usd: '', period: 'day'})).toBeNull();
  expect(toCapFields({usd: '500', period: 'month'})).toEqual({usd: '500', period: 'month'});
});

test('what is no amount is said so before it is sent', () => {
  for (const usd of ['much', '-1', '1e3', '1,000.00', '1.'])
    expect(() => capFromFields({usd, period: 'day'})).toThrow('amount of dollars');
});
