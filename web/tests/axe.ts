// What axe finds wrong with a page, in both themes. Its source is evaluated rather than added as a <script>, which the
// Content-Security-Policy forbids.
import {expect, type Page} from '@playwright/test';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import type {AxeResults} from 'axe-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// `settled` waits until the page shows what is to be judged; it is loaded anew in each theme.
export async function expectAccessible(page: Page, settled: () => Promise<unknown>) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    await page.reload();
    await settled();
    await page.evaluate(source);
    const results = await page.evaluate<AxeResults>('axe.run(document, {resultTypes: ["violations"]})');
    const found = results.violations.map(({id, help, nodes}) => ({
      id, help, nodes: nodes.slice(0, 5).map((node) => `${node.target.join(' ')}: ${node.failureSummary}`),
    }));
    expect(found, `axe, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({colorScheme: null, reducedMotion: null});
}
