// Accessibility, judged by axe-core: WCAG 2.2 A and AA. Its source is run by the browser's driver, because the page's
// Content-Security-Policy lets no script in.
import type {Page} from '@playwright/test';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {expect} from './fixtures';

const source = readFileSync(fileURLToPath(new URL('../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');

interface Violation {
  id: string;
  nodes: {html: string; failureSummary?: string}[];
}

// The page as it is now, in light and in dark; without motion, for what fades in has no contrast while it does.
export async function expectAccessible(page: Page) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    await page.evaluate(source);
    const violations = await page.evaluate(async () => {
      const {axe} = window as unknown as {axe: {run(root: Document, options: object): Promise<{violations: Violation[]}>}};
      const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      return (await axe.run(document, {runOnly: tags})).violations;
    });
    const told = violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html}\n${failureSummary}`));
    expect(told, colorScheme).toEqual([]);
  }
}
