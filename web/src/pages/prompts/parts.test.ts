import {expect, test} from 'vitest';
import {contentOf, draftOf, draftVariables, fingerprint, moved, newMessage, problemsOf, type Draft,
  type Version} from './draft';
import {compare, merge, mergedOrder, proposal} from './parts';

const version: Version = {
  version: 3, provider: 'OPENAI', model: 'gpt-4o', temperature: 0.7, topP: null, maxOutputTokens: 500,
    stopSequences: ['END'],
  messages: [
    {id: 'msg_1', role: 'system', content: 'Short emails for {{product}}.'},
    {id: 'msg_2', role: 'user', content: [{type: 'text', text: 'See {{picture}}'}]},
  ],
  tools: [{name: 'look_up', description: null, parameters: {type: 'object'}}], toolChoice: {tool: 'look_up'},
  outputSchema: {type: 'object'}, variables: [], labels: [], note: null, author: null,
    createdAt: '2026-01-01T00:00:00Z',
};
const draft = draftOf(version);
const edit = (change: Partial<Draft>): Draft => ({...structuredClone(draft), ...change});
const withText = (from: Draft, id: string, text: string): Draft =>
  ({...from, messages: from.messages.map((message) => (message.id === id ? {...message, text} : message))});

test('a version becomes a draft and the same content again', () => {
  const {version: _, variables: __, labels: ___, note: ____, author: _____, createdAt: ______, messages, provider,
    ...rest} = version;
  expect(contentOf(draft)).toEqual({...rest, content: messages, provider: provider!.toLowerCase()});
  expect(problemsOf(draft)).toEqual({});
});

test('white space in JSON is no change, an unfinished text is', () => {
  expect(fingerprint(edit({tools: JSON.stringify(version.tools)}))).toBe(fingerprint(draft));
  expect(fingerprint(edit({tools: '['}))).not.toBe(fingerprint(draft));
});

test('variables are found in texts and in the texts of parts', () => {
  expect(draftVariables(draft)).toEqual(['product', 'picture']);
});

test('what the server would refuse is said in words', () => {
  const problems = problemsOf(edit({
    temperature: 3, maxOutputTokens: 1.5, tools: '[{"name":"a b"}]', outputSchema: '[]', toolChoice: 'tool:gone',
      messages: [],
  }));
  expect(Object.keys(problems).sort()).toEqual(['maxOutputTokens', 'messages', 'outputSchema', 'temperature', 'tools']);
  expect(problemsOf(edit({tools: '', toolChoice: 'tool:gone'})).toolChoice).toContain('gone');
  for (const tools of ['{}', '[1]', '[{}]', '[{"name":"a"},{"name":"a"}]', '[{"name":"a","parameters":[]}]',
    '[{"name":"a","x":1}]', '[']) {
    expect(problemsOf(edit({tools, toolChoice: ''})).tools).toBeTruthy();
  }
});

test('messages get ids of their own and move', () => {
  expect(newMessage(draft.messages, 'user').id).toBe('msg_3');
  expect(newMessage([{id: 'msg_2', role: 'user', text: '', json: false}], 'user').id).toBe('msg_3');
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
});

test('a comparison names each part that differs and no other', () => {
  const other = withText(edit({temperature: null}), 'msg_1', 'Long emails.');
  expect(compare(draft, other).filter((pair) => !pair.same).map((pair) => pair.key)).toEqual(['message:msg_1',
    'temperature']);
  expect(compare(draft, draft).every((pair) => pair.same)).toBe(true);
});

test('an order that changed is a part of its own', () => {
  const other = edit({messages: [...draft.messages].reverse()});
  expect(compare(draft, other).filter((pair) => !pair.same).map((pair) => pair.key)).toEqual(['order']);
});

test('two edits of different parts merge without a question', () => {
  const theirs = edit({temperature: 0.1});
  const mine = withText(edit({}), 'msg_1', 'Mine');
  const {choices, both} = proposal(draft, theirs, mine);
  expect(both.size).toBe(0);
  expect(merge(theirs, mine, choices)).toEqual(withText(theirs, 'msg_1', 'Mine'));
});

test('two edits of one part are left to the person, who gets what was chosen', () => {
  const theirs = withText(edit({}), 'msg_1', 'Theirs');
  const mine = withText(edit({}), 'msg_1', 'Mine');
  const {choices, both} = proposal(draft, theirs, mine);
  expect([...both]).toEqual(['message:msg_1']);
  expect(merge(theirs, mine, choices)).toEqual(mine);
  expect(merge(theirs, mine, {...choices, 'message:msg_1': 'theirs'})).toEqual(theirs);
});

test('a message that one side added stays, one that the other side removed goes', () => {
  const added = edit({messages: [...draft.messages, {id: 'msg_9', role: 'assistant', text: 'New', json: false}]});
  const removed = edit({messages: draft.messages.slice(1)});
  const {choices} = proposal(draft, added, removed);
  expect(merge(added, removed, choices).messages.map((message) => message.id)).toEqual(['msg_2', 'msg_9']);
  expect(mergedOrder(['a', 'c'], ['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c', 'd']);
});
