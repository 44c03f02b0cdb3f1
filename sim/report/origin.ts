/** Where results come from, as every manifest and the foot of every page say it. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, type Html, html } from './markup.ts';
import { shellWord } from './shell.ts';

export interface Origin {
  /** Version of the package. */
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
  /** The command line. */
  readonly command: string;
}

/** This process: its command line, and the package.json above this file. */
export function ownOrigin(): Origin {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory)
    directory = dirname(directory);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const words = process.argv.slice(2).map(shellWord);
  return { version, node: process.version, command: ['npx musig-paxos', ...words].join(' ') };
}

export const footOf = (origin: Origin): Html =>
  html`<p>musig-paxos ${origin.version}, Node ${origin.node}. Made by</p>${command(origin.command)}`;
