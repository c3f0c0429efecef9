import {expectAccessible} from './axe';
import {expect, test} from './fixtures';
import {agentTrace, newSpanId, span, store} from './spans-data';

test('a trace is opened from the list and walked by keyboard', async ({page, server, signedIn}) => {
  const trace = agentTrace('tr_walk', 'walk');
  await store(server, trace.spans);
  await page.goto(`${server.url}${signedIn}/traces?tags=walk`);
  await page.getByRole('table', {name: 'Traces'}).getByRole('link', {name: 'support agent'}).click();
  const tree = page.getByRole('tree', {name: 'Spans of this trace'});
  await expect(tree.getByRole('treeitem')).toHaveCount(3);
  await expect(page.getByText('5.20 s').first()).toBeVisible();
  await tree.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(tree.getByRole('treeitem')).toHaveCount(1);
  await page.keyboard.press('ArrowRight');
  await expect(tree.getByRole('treeitem')).toHaveCount(3);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  const side = page.getByRole('region', {name: 'Chosen span'});
  await expect(side).toContainText('Where is my order 48213?');
  await expect(page).toHaveURL(new RegExp(`span=${trace.answer}`));
  await page.reload();
  await expect(side).toContainText('Where is my order 48213?');
  await expect(tree.getByRole('treeitem', {selected: true})).toHaveAccessibleName(/^answer, Model call/);
  await page.keyboard.press('Tab');
  await tree.focus();
  await page.keyboard.press('Escape');
  await expect(side).toHaveCount(0);
});

test('a search inside a trace unfolds what it finds', async ({page, server, signedIn}) => {
  const trace = agentTrace('tr_search', 'search');
  await store(server, trace.spans);
  await page.goto(`${server.url}${signedIn}/traces/tr_search`);
  await page.getByRole('button', {name: 'Fold all', exact: true}).click();
  await expect(page.getByRole('treeitem')).toHaveCount(1);
  await page.getByRole('searchbox', {name: 'Search in this trace'}).fill('warehouse');
  await expect(page.getByText('1 found')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('1 of 1')).toBeVisible();
  await expect(page.getByRole('treeitem', {name: /get_order.*failed/})).toBeVisible();
  await page.getByRole('searchbox', {name: 'Search in this trace'}).fill('nowhere');
  await expect(page.getByText('Nothing found')).toBeVisible();
});

test('a trace of 10,000 spans opens, scrolls and folds with few rows on the page', async ({page, server, signedIn}) => {
  const root = newSpanId();
  const start = Date.now() - 3_600_000;
  const parents: string[] = [root];
  const spans = [
    {
      spanId: root,
      traceId: 'tr_large',
      spanKind: 'AGENT',
      name: 'large',
      input: {},
      status: 'SUCCESS',
      latencyMs: 20_000,
      startTime: new Date(start).toISOString(),
    } as object,
  ];
  for (let i = 1; i < 10_000; ++i) {
    const spanId = newSpanId();
    spans.push(
      span({
        spanId,
        traceId: 'tr_large',
        parentSpanId: parents[Math.floor(i / 20)],
        name: `step ${i}`,
        latencyMs: 15,
        startTime: new Date(start + i * 2).toISOString(),
      }),
    );
    parents.push(spanId);
  }
  await store(server, spans);
  await page.goto(`${server.url}${signedIn}/traces/tr_large`);
  const tree = page.getByRole('tree');
  await tree.focus();
  await page.keyboard.press('End');
  await expect(tree.getByRole('treeitem', {name: /^step \d+,/}).last()).toBeVisible();
  expect(await tree.getByRole('treeitem').count()).toBeLessThan(100);
  await page.getByRole('button', {name: 'Fold all', exact: true}).click();
  await expect(tree.getByRole('treeitem')).toHaveCount(1);
  await page.getByRole('searchbox', {name: 'Search in this trace'}).fill('step 7777');
  await page.keyboard.press('Enter');
  await expect(tree.getByRole('treeitem', {name: /^step 7777,/})).toBeVisible();
});

test('a trace that is not there says so', async ({page, server, signedIn}) => {
  await page.goto(`${server.url}${signedIn}/traces/tr_missing`);
  await expect(page.getByText('There is no such trace')).toBeVisible();
});

test('traces are filtered by what the address says', async ({page, server, signedIn}) => {
  await store(server, [
    span({tags: ['tf'], traceId: 'tr_tf_a', name: 'mine', userId: 'ada'}),
    span({tags: ['tf'], traceId: 'tr_tf_b', name: 'theirs'}),
  ]);
  await page.goto(`${server.url}${signedIn}/traces?tags=tf&userId=ada`);
  const table = page.getByRole('table', {name: 'Traces'});
  await expect(table.getByRole('link', {name: 'mine'})).toBeVisible();
  await expect(table.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', {name: 'Remove filter End user'}).click();
  await expect(table.getByRole('row')).toHaveCount(3);
});

test('the pages of traces are accessible in both themes', async ({page, server, signedIn}) => {
  const trace = agentTrace('tr_axe_tree', 'axetree');
  await store(server, trace.spans);
  for (const [path, sign] of [
    ['/traces?tags=axetree', 'support agent'],
    [`/traces/tr_axe_tree?span=${trace.answer}`, 'Where is my order 48213?'],
  ] as const) {
    await page.goto(server.url + signedIn + path);
    await expectAccessible(page, () => expect(page.getByText(sign).first()).toBeVisible());
  }
});
