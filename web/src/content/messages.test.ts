import {expect, test} from 'vitest';
import {imageSource, jsonOf, newMessages, pairTools, readContent, readMessages, safeLink, type Media} from './messages';

test('both forms of a conversation are read alike', () => {
  const ours = readMessages({
    messages: [
      {
        role: 'user',
        content: [
          {type: 'text', text: 'Weather?'},
          {type: 'image', url: 'data:image/png;base64,AAAA'},
        ],
      },
      {role: 'assistant', content: [{type: 'tool_call', id: 'c1', name: 'weather', arguments: {city: 'Rome'}}]},
      {role: 'tool', toolCallId: 'c1', toolName: 'weather', content: '18'},
    ],
  });
  const openAi = readMessages({
    messages: [
      {
        role: 'user',
        content: [
          {type: 'text', text: 'Weather?'},
          {type: 'image_url', image_url: {url: 'data:image/png;base64,AAAA'}},
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{id: 'c1', type: 'function', function: {name: 'weather', arguments: '{"city":"Rome"}'}}],
      },
      {role: 'tool', tool_call_id: 'c1', tool_name: 'weather', content: '18'},
    ],
  });
  expect(openAi).toEqual(ours);
});

test('a result is shown under its call, and without a call by itself', () => {
  const messages = readMessages({
    messages: [
      {role: 'assistant', content: [{type: 'tool_call', id: 'c1', name: 'a', arguments: {}}]},
      {role: 'tool', toolCallId: 'c1', content: 'one'},
      {role: 'tool', toolCallId: 'c2', content: 'stray'},
    ],
  })!;
  const paired = pairTools(messages);
  expect(paired.map((message) => message.role)).toEqual(['assistant', 'tool']);
  const call = paired[0]!.parts[0]!;
  expect(call.type === 'tool_call' && call.result?.parts).toEqual([{type: 'text', text: 'one', refusal: false}]);
  expect(messages[0]!.parts[0]).toMatchObject({result: null});
});

test('what has no known shape is kept as a value', () => {
  const strange = JSON.parse('{"__proto__":{"polluted":true},"type":"constructor"}');
  for (const input of [
    [null, 7, strange],
    ['x', [1]],
  ]) {
    expect(readMessages({messages: input})).toHaveLength(input.length);
  }
  expect(readContent([strange])).toEqual([{type: 'value', label: 'constructor', value: strange}]);
  expect(({} as {polluted?: boolean}).polluted).toBeUndefined();
  for (const input of [null, 'text', [], {messages: 'no'}, {text: ['a']}]) expect(readMessages(input)).toBeNull();
});

test('only harmless images are drawn, only web addresses are links', () => {
  const image = (fields: Partial<Media>): Media => ({
    type: 'media',
    kind: 'image',
    mimeType: '',
    name: '',
    data: '',
    url: '',
    note: '',
    ...fields,
  });
  expect(imageSource(image({mimeType: 'image/png', data: 'iVBORw0KGgo='}))).toBe('data:image/png;base64,iVBORw0KGgo=');
  expect(imageSource(image({data: '/9j/4AAQ'}))).toBe('data:image/jpeg;base64,/9j/4AAQ');
  expect(imageSource(image({mimeType: 'image/svg+xml', data: 'PHN2Zz4='}))).toBeNull();
  expect(imageSource(image({mimeType: 'image/png', data: '"><script>'}))).toBeNull();
  expect(imageSource(image({url: 'https://example.com/a.png'}))).toBeNull();
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'nonsense', '']) {
    expect(safeLink(bad)).toBeNull();
  }
  expect(safeLink('https://example.com/')).toBe('https://example.com/');
});

test('the new messages are those after the last answer in words', () => {
  const messages = readMessages({
    messages: [
      {role: 'system', content: 's'},
      {role: 'user', content: 'a'},
      {role: 'assistant', content: 'b'},
      {role: 'user', content: 'c'},
    ],
  })!;
  expect(newMessages(messages).map((message) => message.role)).toEqual(['user']);
  expect(newMessages(messages.slice(0, 2)).map((message) => message.role)).toEqual(['user']);
});

test('a text is JSON only when it is an object or a list', () => {
  expect(jsonOf(' {"a":1}')).toEqual({a: 1});
  for (const other of ['12', '"x"', 'null', '{a}', '', '[x](y)']) expect(jsonOf(other)).toBeUndefined();
});
