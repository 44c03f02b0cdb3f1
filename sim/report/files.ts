/** Files of a result folder: written whole or not at all, with a manifest that says where they come from. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Replaces a file at once, so that a reader never sees half of it. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** Writes files into a folder. @returns their names. */
export function writeFolder(directory: string, files: Readonly<Record<string, string>>): string[] {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) replaceFile(join(directory, name), text);
  return Object.keys(files);
}

export const jsonLines = (items: readonly unknown[]): string =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

export const prettyJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
