import { configDefaults, defineConfig } from 'vitest/config';
import { findChromium } from './scripts/chromium.mjs';

/** Somebody's own machine may have no browser, and scripts/chromium.mjs said so; CI must have one. */
const withoutBrowser = findChromium() === undefined && process.env.CI === undefined;

/** The whole suite: `npm test`. Two workers, because tests start processes of their own. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(withoutBrowser ? ['test/**/*.browser.test.ts'] : [])],
    watch: false,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**', 'sim/**'], reporter: ['text-summary', 'html'] },
  },
});
