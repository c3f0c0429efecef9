import {expect, test} from 'vitest';
import {snippets} from './snippets';

test('every snippet names the server and the key', () => {
  for (const {code} of snippets({url: 'https://tracia.example.com', key: 'tr_abc'})) {
    expect(code).toContain('https://tracia.example.com');
    expect(code).toContain('tr_abc');
  }
});

test('what is put into a snippet cannot leave its quotes', () => {
  const [python, , curl] = snippets({url: 'https://x', key: `k'"; rm -rf /`, prompt: `a"b`});
  expect(python!.code).toContain('"k\'\\"; rm -rf /"');
  expect(python!.code).toContain('"a\\"b"');
  expect(curl!.code).toContain(`k'\\''"; rm -rf /`);
});
