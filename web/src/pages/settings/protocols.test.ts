import {expect, test} from 'vitest';
import {adviceFor, kinds} from './protocols';

test('each kind of connection has a title of its own, and a name the server takes', () => {
  expect(new Set(kinds.map((kind) => kind.id)).size).toBe(kinds.length);
  for (const {name} of kinds) expect(name).toMatch(/^[a-z0-9_-]{0,64}$/);
});

test('what providers say is answered with what to do', () => {
  expect(adviceFor('Incorrect API key provided')).toContain('copied whole');
  expect(adviceFor('Connection refused')).toContain('Nobody answers');
  expect(adviceFor('The model `x` does not exist')).toContain('path or model');
  expect(adviceFor('You exceeded your current quota')).toContain('quota');
  expect(adviceFor('A teapot')).toContain('own words');
});
