import {expect, test} from 'vitest';
import {placeholders, variablesOf} from './variables';

test('variables are found in order of first use, blanks inside the braces or not', () => {
  expect(variablesOf(['Hi {{ name }}, {{product}}', '{{name}} {{größe}}'])).toEqual(['name', 'product', 'größe']);
});

test('escaped braces and broken placeholders are plain text', () => {
  expect(variablesOf(['\\{{name}} {{two words}} {{}} {{open', '{{a.b}} { {c} }'])).toEqual([]);
  expect(variablesOf(['{{{name}}}'])).toEqual(['name']);
  expect(variablesOf(['{{a}}\\{{b}}{{c}}'])).toEqual(['a', 'c']);
});

test('a placeholder is found where it stands', () => {
  expect(placeholders('ab {{ x }} c')).toEqual([{name: 'x', from: 3, to: 10}]);
});

test('a long run of braces takes no time', () => {
  expect(placeholders('{'.repeat(200_000))).toEqual([]);
});
