/** The sweeps that come with the package: `sim sweep flip-threshold` finds sim/sweeps/flip-threshold.toml. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Compiled code lies one folder deeper than the sources. */
const folders = ['../../../sim/sweeps/', '../../../../sim/sweeps/'];

export function shippedSweeps(): { readonly name: string; readonly file: string }[] {
  for (const folder of folders) {
    const url = new URL(folder, import.meta.url);
    try {
      return readdirSync(url)
        .filter((file) => file.endsWith('.toml'))
        .sort()
        .map((file) => ({ name: file.slice(0, -'.toml'.length), file: fileURLToPath(new URL(file, url)) }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return [];
}
