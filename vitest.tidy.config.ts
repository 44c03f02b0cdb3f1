import { defineConfig } from 'vitest/config';

/** The house rules alone: layers, purity, sizes, forbidden words. Part of `npm run check`. */
export default defineConfig({
  test: { include: ['test/tidy/**/*.test.ts'], watch: false, maxWorkers: 1 },
});
