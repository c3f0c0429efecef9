import {beforeEach, expect, test} from 'vitest';
import type {Draft} from './draft';
import {dropDraft, keepDraft, keepVariables, keptDrafts, keptVariables, moveDrafts} from './kept';
import {cpp, curl, python} from './snippets';

const draft: Draft = {
  messages: [], provider: '', model: '', temperature: null, topP: null, maxOutputTokens: null, stopSequences: [], tools: '',
  toolChoice: '', outputSchema: '',
};
const kept = (id: string) => ({id, at: '2026-01-01T00:00:00Z', baseVersion: 1, draft});
beforeEach(() => localStorage.clear());

test('each page keeps a draft of its own, the newest first, and only a few', () => {
  keepDraft('p', 'a', kept('one'));
  keepDraft('p', 'a', kept('two'));
  keepDraft('p', 'a', {...kept('one'), baseVersion: 2});
  expect(keptDrafts('p', 'a').map((each) => [each.id, each.baseVersion])).toEqual([['one', 2], ['two', 1]]);
  expect(keptDrafts('other', 'a')).toEqual([]);
  for (let i = 0; i < 9; ++i) keepDraft('p', 'a', kept(`more ${i}`));
  expect(keptDrafts('p', 'a')).toHaveLength(5);
});

test('a draft goes when it is dropped, and along when its prompt is renamed', () => {
  keepDraft('p', 'a', kept('one'));
  moveDrafts('p', 'a', 'b');
  expect(keptDrafts('p', 'a')).toEqual([]);
  expect(keptDrafts('p', 'b')).toHaveLength(1);
  dropDraft('p', 'b', 'one');
  expect(localStorage).toHaveLength(0);
});

test('what is no draft in the storage is passed over', () => {
  for (const text of ['{', '{"id":1}', '[1,null,{"id":"x"},{"id":"x","draft":{}}]']) {
    localStorage.setItem('tracia.draft.p.a', text);
    expect(keptDrafts('p', 'a')).toEqual([]);
  }
  localStorage.setItem('tracia.variables.p.a', '{"a":1,"b":"two"}');
  expect(keptVariables('p', 'a')).toEqual({b: 'two'});
  keepVariables('p', 'a', {c: 'three'});
  expect(keptVariables('p', 'a')).toEqual({c: 'three'});
});

test('code names the server, the prompt, its label and each variable', () => {
  const input = {url: 'http://localhost:7070', slug: 'hello', label: 'production', variables: ['name', 'größe']};
  for (const make of [python, cpp, curl]) {
    for (const part of ['http://localhost:7070', 'hello', 'production', '"name"', '"größe"']) expect(make(input)).toContain(part);
  }
  const body = /-d '([^]*)'\n$/.exec(curl(input))![1]!;
  expect(JSON.parse(body)).toEqual({variables: {name: '…', größe: '…'}, label: 'production'});
  expect(python({...input, label: null, variables: []})).toContain('client.prompts.run("hello", {})');
});
