// Every operation of the contract is reachable from the page, or docs/dashboard.md says why a person does not need it.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {expect, test} from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const operations = [...read('api/openapi.yaml').matchAll(/^ +operationId: (\w+)$/gm)].map((match) => match[1]!);
const told = [...read('docs/dashboard.md').matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map((match) => match[1]!);

test('the table of the dashboard names every operation of the API once, and none that there is not', () => {
  expect(operations.length).toBeGreaterThan(80);
  expect(
    operations.filter((operation) => !told.includes(operation)),
    'missing in docs/dashboard.md',
  ).toEqual([]);
  expect(
    told.filter((operation) => !operations.includes(operation)),
    'not in api/openapi.yaml',
  ).toEqual([]);
  expect(new Set(told).size).toBe(told.length);
});
