import base from './playwright.config';

// Pictures of every page with realistic data, light and dark, wide and narrow: ./dev screenshots.
export default {...base, testDir: 'screenshots', testMatch: /.*\.shots\.ts/, reporter: 'line', workers: 1, timeout: 600_000};
