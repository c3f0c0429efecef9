// What keeps people out of a page (WCAG 2.2 A and AA), as axe-core finds it, in both themes. Its source is evaluated, not
// added as a script: the page's Content-Security-Policy forbids scripts of others.
import {expect, type Page} from '@playwright/test';
import type {AxeResults} from 'axe-core';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function violations(page: Page): Promise<string[]> {
  // Colours are judged once they are what they will be.
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
    .map((animation) => animation.finished.catch(() => {}))));
  await page.evaluate(source);
  const results = await page.evaluate<AxeResults>(`axe.run(document, {runOnly: ${JSON.stringify(tags)}})`);
  return results.violations.flatMap(({id, nodes}) =>
    nodes.slice(0, 5).map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
}

// With `settled` the page is loaded anew in each theme, and judged once that is through; else it stays as it is.
export async function expectAccessible(page: Page, settled?: () => Promise<unknown>) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    if (settled) {
      await page.reload();
      await settled();
    } else {
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    }
    expect(await violations(page), `in ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({colorScheme: null, reducedMotion: null});
}
