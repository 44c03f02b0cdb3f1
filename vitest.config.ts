import { defineConfig } from 'vitest/config';

/** The whole suite: `npm test`. Two workers, because tests start processes of their own. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    watch: false,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: { provider: 'v8', include: ['src/**', 'sim/**'], reporter: ['text-summary', 'html'] },
  },
});
