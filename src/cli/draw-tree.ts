/**
 * Draws a message tree for a terminal, and gives it as JSON: `musig-paxos tree`. Every line is one
 * signer with its level, the size of its subtree, and who serves it when its parent is suspected
 * (protocol section 3).
 *
 * A seed on the command line is the id of a batch. Any even number of hex digits is accepted and
 * hashed as it is, together with the attempt, the way a real id is hashed; so short seeds are good for
 * looking around, and the 64 digits of an id give the very tree of that batch.
 */

import { fromHex } from '../base/bytes.ts';
import { attempt, type SignerId, signerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { signersMax } from '../messages/limits.ts';
import { effectiveParent } from '../tree/bypass.ts';
import type { Geography } from '../tree/geographic.ts';
import { batchSeedFromBytes } from '../tree/shuffle.ts';
import { planTree, type Tree } from '../tree/tree.ts';
import { sampleGeography, sampleRegion } from './sample-regions.ts';

export interface DrawTreeOptions {
  /** Names by signer id; a signer without one is shown by its id alone. */
  readonly names?: readonly string[];
  /** Marks suspected signers, and shows how the others go around them. */
  readonly suspected?: (id: SignerId) => boolean;
}

/** Draws the tree: a heading, then a line for each signer in preorder. Ends with a newline. */
export function drawTree(tree: Tree, options: DrawTreeOptions = {}): string {
  const suspected = options.suspected ?? (() => false);
  const lines = branches(tree).map(({ id, prefix, level }) => ({
    branch: `${prefix}${label(id, options.names)}`,
    level: String(level),
    size: String(tree.subtreeSize(id)),
    note: noteOn(tree, id, suspected),
  }));
  const width = Math.max('signer'.length, ...lines.map((line) => [...line.branch].length));
  const row = (branch: string, level: string, size: string, note: string): string =>
    `${branch}${' '.repeat(width - [...branch].length)}  ${level.padStart(5)}  ${size.padStart(7)}  ${note}`.trimEnd();
  return [
    heading(tree),
    '',
    row('signer', 'level', 'subtree', ''),
    ...lines.map((line) => row(line.branch, line.level, line.size, line.note)),
    '',
  ].join('\n');
}

function heading(tree: Tree): string {
  const signers = tree.size === 1 ? '1 signer' : `${tree.size} signers`;
  const levels = tree.levels().map((level) => level.length);
  return `${signers}, fanout ${tree.fanout}, root ${tree.root}, height ${tree.height}; on each level: ${levels.join(' ')}`;
}

interface Branch {
  readonly id: SignerId;
  /** The lines that lead to the signer. */
  readonly prefix: string;
  readonly level: number;
}

/** Preorder, without recursion: a chain of thousands of signers is a legal tree. */
function branches(tree: Tree): Branch[] {
  const drawn: Branch[] = [];
  const pending = [{ id: tree.root, prefix: '', below: '', level: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { id, prefix, below, level } = next;
    drawn.push({ id, prefix, level });
    const children = tree.children(id);
    for (const [i, child] of [...children.entries()].reverse()) {
      const last = i === children.length - 1;
      pending.push({
        id: child,
        prefix: `${below}${last ? '└─ ' : '├─ '}`,
        below: `${below}${last ? '   ' : '│  '}`,
        level: level + 1,
      });
    }
  }
  return drawn;
}

function label(id: SignerId, names: readonly string[] | undefined): string {
  const name = names?.[id] && printable(names[id]);
  return name ? `${id} ${name}` : String(id);
}

function noteOn(tree: Tree, id: SignerId, suspected: (id: SignerId) => boolean): string {
  if (suspected(id)) return '✗ suspected';
  const server = effectiveParent(tree, id, suspected);
  return server === tree.parent(id) ? '' : `← ${server}`;
}

/** A tree as plain data. */
export interface TreeJson {
  readonly signers: number;
  readonly fanout: number;
  readonly root: number;
  readonly height: number;
  /** Breadth first. */
  readonly order: readonly number[];
  readonly levels: readonly (readonly number[])[];
  /** By signer id; the parent of the root is null. */
  readonly nodes: readonly {
    readonly id: number;
    readonly parent: number | null;
    readonly children: readonly number[];
    readonly level: number;
    readonly subtreeSize: number;
  }[];
}

export function treeJson(tree: Tree): TreeJson {
  return {
    signers: tree.size,
    fanout: tree.fanout,
    root: tree.root,
    height: tree.height,
    order: tree.order,
    levels: tree.levels(),
    nodes: [...tree.order]
      .sort((a, b) => a - b)
      .map((id) => ({
        id,
        parent: tree.parent(id) ?? null,
        children: tree.children(id),
        level: tree.depth(id),
        subtreeSize: tree.subtreeSize(id),
      })),
  };
}

/** The command's flags as the argument parser gives them. */
export interface TreeCommandOptions {
  readonly signers: string | number;
  readonly seed: string;
  /** Default 0. */
  readonly root?: string | number | undefined;
  /** Default 0. */
  readonly attempt?: string | number | undefined;
  /** `balanced` (default) or `geographic`. */
  readonly shape?: string | undefined;
  /** Default 2. */
  readonly fanout?: string | number | undefined;
  /** Names and places of a real federation; without, sample regions stand in for the geographic shape. */
  readonly names?: readonly string[];
  readonly geography?: Geography;
}

export interface TreeCommandJson extends TreeJson {
  readonly seed: string;
  readonly attempt: number;
  readonly shape: 'balanced' | 'geographic';
  /** Names of the sample regions by signer id; absent when they played no part. */
  readonly regions?: readonly string[];
}

/** `musig-paxos tree`. A refusal is one line that starts with the flag at fault. */
export function treeCommand(
  options: TreeCommandOptions,
): Result<{ readonly text: string; readonly json: TreeCommandJson }> {
  const signers = wholeNumber('--signers', options.signers, 1, signersMax);
  if (!signers.ok) return signers;
  const n = signers.value;
  const seed = seedOption(options.seed);
  if (!seed.ok) return seed;
  const root = wholeNumber('--root', options.root ?? 0, 0, n - 1);
  if (!root.ok) return root;
  const tries = wholeNumber('--attempt', options.attempt ?? 0, 0, Number.MAX_SAFE_INTEGER);
  if (!tries.ok) return tries;
  const fanout = wholeNumber('--fanout', options.fanout ?? 2, 1, signersMax);
  if (!fanout.ok) return fanout;
  const shape = options.shape ?? 'balanced';
  if (shape !== 'balanced' && shape !== 'geographic')
    return refuse('BAD_OPTION', `--shape: ${quote(shape)} is unknown, expected balanced or geographic`);
  const { geography } = options;
  if (geography && geography.regionOf.length !== n)
    return refuse('BAD_OPTION', `--signers: ${n}, but the federation has ${geography.regionOf.length}`);

  const sampled = shape === 'geographic' && !geography;
  const regions = sampled ? Array.from({ length: n }, (_, i) => sampleRegion(i)) : undefined;
  const tree = planTree({
    n,
    fanout: fanout.value,
    seed: batchSeedFromBytes(seed.value, attempt(tries.value)),
    root: signerId(root.value),
    shape: shape === 'geographic' ? (geography ?? sampleGeography(n)) : 'balanced',
  });
  const names = options.names ?? regions;
  const about = regions ? 'geographic shape, signers dealt over sample regions\n' : '';
  return accept({
    text: about + drawTree(tree, names ? { names } : {}),
    json: {
      seed: options.seed.toLowerCase(),
      attempt: tries.value,
      shape,
      ...(regions ? { regions } : {}),
      ...treeJson(tree),
    },
  });
}

function wholeNumber(flag: string, given: string | number, min: number, max: number): Result<number> {
  const value = /^\d{1,16}$/.test(String(given)) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return accept(value);
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return refuse('BAD_OPTION', `${flag}: ${quote(String(given))} is not a whole number ${range}`);
}

const seedDigitsMax = 1024;

function seedOption(given: string): Result<Uint8Array> {
  if (given.length <= seedDigitsMax && /^([0-9a-f]{2})+$/i.test(given)) return accept(fromHex(given));
  return refuse(
    'BAD_OPTION',
    `--seed: ${quote(given)} is not an even number of hex digits, from 2 to ${seedDigitsMax}`,
  );
}

/** Control and invisible characters from files and arguments must not reach a terminal. */
const printable = (text: string): string => text.replace(/\p{C}/gu, '?');

/** The user's own words, safe and short enough for one line. */
const quote = (given: string): string =>
  `"${printable(given.length > 40 ? `${given.slice(0, 40)}…` : given)}"`;
