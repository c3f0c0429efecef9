import {defineConfig} from '@playwright/test';

// Debian's Chromium drives the pages of the real executable; nothing is downloaded.
export default defineConfig({
  testDir: 'tests',
  outputDir: '../build/web/test-results',
  workers: Number(process.env.TRACIA_E2E_WORKERS ?? 2),
  timeout: 90_000,
  expect: {timeout: 15_000},
  // A browser on a busy machine may miss a deadline; what needed its second try is named as flaky.
  retries: 1,
  forbidOnly: true,
  reporter: [[process.env.CI ? 'dot' : 'line'], ['junit', {outputFile: '../build/test-results/web_e2e.xml'}]],
  use: {
    browserName: 'chromium',
    viewport: {width: 1280, height: 800},
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.TRACIA_CHROMIUM ?? '/usr/bin/chromium',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
});
