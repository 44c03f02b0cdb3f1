/**
 * The arrows between folders, and the purity of the engine (architecture: "Layout", "The engine's
 * contract"). Each rule is shown a planted violation first, to prove that it would notice.
 */

import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, filesUnder, importsOf, lineOf, type SourceFile } from './source.ts';

/** Folder -> folders it may import. A folder may always import itself. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  base: [],
  messages: ['base'],
  crypto: ['base'],
  tree: ['base'],
  dependency: ['base', 'messages'],
  ordering: ['base', 'messages', 'dependency'],
  phases: ['base', 'messages', 'crypto', 'tree'],
  verify: ['base', 'messages', 'crypto', 'dependency', 'ordering'],
  engine: ['base', 'messages', 'crypto', 'tree', 'dependency', 'ordering', 'phases', 'verify'],
  store: ['base', 'messages'],
  transport: ['base', 'messages', 'crypto'],
  peer: ['base', 'messages', 'crypto', 'ordering', 'dependency', 'verify', 'store'],
  client: ['base', 'messages', 'crypto', 'verify'],
};

/** Hosts sit on top: they may import what is listed, and whatever that may import. */
const hosts: Readonly<Record<string, readonly string[]>> = {
  signer: ['engine', 'store', 'transport'],
  sim: ['engine', 'store', 'peer'],
  cli: ['signer', 'peer', 'client', 'sim', 'bench'],
  bench: ['client', 'signer', 'sim'],
  web: ['sim'],
};

const pureFolders = [
  'base',
  'messages',
  'crypto',
  'tree',
  'dependency',
  'ordering',
  'phases',
  'verify',
  'engine',
];
/** The engine is a step function: nothing in it waits. */
const synchronousFolders = ['dependency', 'ordering', 'phases', 'engine'];

function allowed(folder: string): Set<string> {
  const direct = arrows[folder] ?? hosts[folder] ?? [];
  const all = new Set([folder, ...direct]);
  if (folder in hosts) for (const below of direct) for (const one of allowed(below)) all.add(one);
  return all;
}

/** `src/engine/step.ts` -> `engine`, `sim/run.ts` -> `sim`, `src/index.ts` -> `index`. */
function folderOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'src') return parts[0]!;
  return parts.length === 2 ? 'index' : parts[1]!;
}

/** Files of src/crypto that are for Node alone, behind a port that pure code takes as a parameter. */
const isNodeOnly = (path: string): boolean => /^src\/crypto\/.*-node\.ts$/.test(path);

function brokenArrows({ path, text }: SourceFile): string[] {
  const from = folderOf(path);
  // The public exports may name anything in src.
  if (from === 'index') return [];
  const may = allowed(from);
  if (!(from in arrows || from in hosts))
    return [`${path}: folder "${from}" has no row in the table of arrows`];
  return importsOf(text)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .flatMap(({ specifier, line }) => {
      const target = posix.join(posix.dirname(path), specifier);
      const to = folderOf(target);
      if (!may.has(to)) return [`${path}:${line}: ${from} must not import ${to} (${specifier})`];
      if (pureFolders.includes(from) && !isNodeOnly(path) && isNodeOnly(target))
        return [`${path}:${line}: pure code must not import ${specifier}`];
      return [];
    });
}

const impure: readonly (readonly [string, RegExp])[] = [
  ['Date', /(?<![.\w])Date\b/g],
  [
    'a timer',
    /\b(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|requestAnimationFrame)\b/g,
  ],
  ['randomness', /\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomBytes\b|\brandomUUID\b/g],
  ['process', /(?<![.\w])process\s*[.[]/g],
  ['console', /(?<![.\w])console\s*[.[]/g],
  ['performance', /(?<![.\w])performance\s*[.[]/g],
];
const waiting = /\bawait\b|\basync\b|\bPromise\b|\bqueueMicrotask\b/g;

function impurities({ path, text }: SourceFile): string[] {
  const folder = folderOf(path);
  if (!path.startsWith('src/') || !pureFolders.includes(folder)) return [];
  const nodeOnly = isNodeOnly(path);
  const modules = nodeOnly
    ? []
    : importsOf(text)
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ specifier, line }) => `${path}:${line}: pure code must not import ${specifier}`);
  const code = codeOf(text);
  const uses = (nodeOnly ? [] : impure).flatMap(([what, pattern]) =>
    [...code.matchAll(pattern)].map(
      (match) => `${path}:${lineOf(text, match.index)}: pure code must not use ${what}`,
    ),
  );
  const waits = synchronousFolders.includes(folder)
    ? [...code.matchAll(waiting)].map(
        (match) => `${path}:${lineOf(text, match.index)}: the engine must not wait`,
      )
    : [];
  return [...modules, ...uses, ...waits];
}

const files = filesUnder(['src', 'sim', 'bench', 'web'], ['.ts', '.tsx']);

describe('arrows between folders', () => {
  it('are only those of the architecture', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap(brokenArrows)).toEqual([]);
  });

  it.each([
    ['src/messages/x.ts', "import { step } from '../engine/step.ts';"],
    ['src/ordering/x.ts', "import type { Vote } from '../phases/vote.ts';"],
    ['src/phases/x.ts', "export * from '../ordering/score.ts';"],
    ['src/engine/x.ts', "import '../store/port.ts';"],
    ['src/engine/x.ts', "import { blst } from '../crypto/bls-blst-node.ts';"],
    ['src/crypto/x.ts', "import { blst } from './bls-blst-node.ts';"],
    ['src/peer/x.ts', "const x = await import('../signer/daemon.ts');"],
    ['src/client/x.ts', "import {\n  a,\n  b,\n} from '../store/port.ts';"],
    ['src/signer/x.ts', "import { connect } from '../client/client.ts';"],
    ['src/signer/x.ts', "import { run } from '../../sim/run.ts';"],
    ['sim/x.ts', "import { start } from '../src/signer/daemon.ts';"],
    ['sim/x.ts', 'type A = import("../src/cli/main.ts").A;'],
    ['src/novelty/x.ts', "import { a } from '../base/ids.ts';"],
  ])('a planted violation in %s is noticed: %s', (path, text) => {
    expect(brokenArrows({ path, text })).toHaveLength(1);
  });

  it.each([
    ['src/engine/x.ts', "import { planTree } from '../tree/tree.ts';"],
    [
      'src/engine/x.ts',
      "// import { a } from '../store/port.ts';\nconst text = \"import '../store/port.ts'\";",
    ],
    ['src/signer/x.ts', "import { blst } from '../crypto/bls-blst-node.ts';"],
    ['src/cli/sim/x.ts', "import { run } from '../../../sim/run.ts';"],
    ['src/index.ts', "export * from './peer/peer.ts';"],
    ['sim/x.ts', "import { step } from '../src/engine/step.ts';"],
  ])('a permitted import in %s is left alone: %s', (path, text) => {
    expect(brokenArrows({ path, text })).toEqual([]);
  });
});

describe('purity', () => {
  it('holds from base to engine', () => {
    expect(files.flatMap(impurities)).toEqual([]);
  });

  it.each([
    ['src/base/x.ts', "import { readFileSync } from 'node:fs';"],
    ['src/tree/x.ts', 'const now = Date.now();'],
    ['src/tree/x.ts', 'const now = new Date();'],
    ['src/engine/x.ts', 'setTimeout(() => step(), 5);'],
    ['src/engine/x.ts', `const x = \`\${Math.random()}\`;`],
    ['src/crypto/x.ts', 'globalThis.crypto.getRandomValues(seed);'],
    ['src/messages/x.ts', 'if (process.env.DEBUG) a();'],
    ['src/ordering/x.ts', 'console.log(score);'],
    ['src/phases/x.ts', 'const t = performance.now();'],
    ['src/engine/x.ts', 'await flush();'],
  ])('a planted violation in %s is noticed: %s', (path, text) => {
    expect(impurities({ path, text })).toHaveLength(1);
  });

  it.each([
    ['src/crypto/bls-blst-node.ts', "import { createRequire } from 'node:module';"],
    ['src/signer/x.ts', 'const now = Date.now();'],
    ['src/engine/x.ts', '// Date.now() is an input\nconst text = "Math.random()";\nengine.process(message);'],
  ])('%s is left alone: %s', (path, text) => {
    expect(impurities({ path, text })).toEqual([]);
  });
});
