// Looks for what keeps people out (WCAG 2.2 A and AA), in both themes. axe-core is evaluated, not added as a script: the
// page's Content-Security-Policy forbids scripts of others.
import {expect, type Page} from '@playwright/test';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function violations(page: Page): Promise<string[]> {
  // Colours are judged once they are what they will be.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().endTime !== Infinity)
        .map((animation) => animation.finished.catch(() => {})),
    ),
  );
  await page.evaluate(source);
  return page.evaluate(async (runOnly) => {
    const {axe} = window as unknown as {
      axe: {
        run: (
          context: Document,
          options: object,
        ) => Promise<{violations: {id: string; nodes: {html: string; failureSummary: string}[]}[]}>;
      };
    };
    const found = await axe.run(document, {runOnly});
    return found.violations.flatMap(({id, nodes}) =>
      nodes.map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  }, tags);
}

export async function expectAccessible(page: Page) {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({colorScheme, reducedMotion: 'reduce'});
    // The page is asked what it looks like once it has been drawn so.
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    expect(await violations(page), `in ${colorScheme}`).toEqual([]);
  }
}
