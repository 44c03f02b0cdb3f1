/** Where the compiled programs are that the bench starts, whether it runs from `dist` or from its source. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

/** A file of `dist`, by its path there. */
export const compiled = (...parts: readonly string[]): string => join(packageRoot(), 'dist', ...parts);
export const program = (): string => compiled('src', 'cli', 'main.js');
