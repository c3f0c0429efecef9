import {expect, test} from 'vitest';
import {draftText, qualityEvaluator, readValue, type Evaluator} from './evaluation-value';

test('a number is one, within its bounds', () => {
  const stars: Evaluator = {key: 'stars', name: 'Stars', type: 'numeric', builtIn: false, min: 1, max: 5};
  expect(readValue(stars, ' 4,5 ')).toEqual({value: 4.5, problem: null});
  expect(readValue(stars, '6')).toEqual({problem: 'From 1 to 5.'});
  for (const wrong of ['', 'x', 'Infinity']) expect(readValue(qualityEvaluator, wrong).value).toBeUndefined();
});

test('yes and no, and categories, go out as the API takes them', () => {
  const safe: Evaluator = {key: 'safe', name: 'Safe', type: 'boolean', builtIn: false};
  const tone: Evaluator = {
    key: 'tone',
    name: 'Tone',
    type: 'categorical',
    builtIn: false,
    categories: ['friendly', 'rude'],
  };
  expect(readValue(safe, 'false')).toEqual({value: false, problem: null});
  expect(readValue(tone, 'rude')).toEqual({value: 'rude', problem: null});
  expect(readValue(tone, '').problem).toBe('Choose one.');
  const given = {id: 'e', evaluatorName: '', source: 'api', note: null, createdAt: ''};
  expect(draftText({...given, evaluatorKey: 'safe', value: 1}, safe)).toBe('true');
  expect(draftText({...given, evaluatorKey: 'tone', value: 1, category: 'rude'}, tone)).toBe('rude');
  expect(draftText({...given, evaluatorKey: 'gone', value: 0.5}, undefined)).toBe('0.5');
});
