/**
 * The worlds of the small-scope check (protocol section 13.1). A *shape* fixes what is common: the
 * conflict graph, which numbers are shared, and the chain as a sequence of blocks (sets of batches). A
 * *profile* is what one honest signer voted: an interleaving of its arrivals with the commits it saw. A
 * *world* gives every honest signer a profile. Because honest signers have no names in the rules, a world
 * is a multiset of profiles; `labelled` counts how many worlds with named signers it stands for.
 *
 * What is left out, and why nothing is lost:
 * - Chains that do not hold every batch. Taking all that is left as one more block is always valid
 *   (nothing is outside it, and all n - liars >= q honest signers vote), and changes no vote.
 * - Batches that never reach a signer. Appending the batch to the signer's log adds a vote that
 *   certificates may leave out, and changes no other vote. (A signer that commits the batch before it
 *   arrives never votes on it: that is enumerated.)
 * - `after` lists. With U in `after(T)` every vote on T lists U, liars' too: the worlds in which all
 *   signers accept U first, with less for a liar to choose. (The bridge compares them with the engine.)
 * - Empty blocks: `base` names only blocks with conflicting batches.
 * - Fewer liars: a liar may behave like an honest signer. Interleavings with equal votes are one profile.
 * - Causality needs no check: votes in block i's certificates come from signers that had not committed
 *   i, so votes at height 0 come first, then block 1, then votes at height 1, and so on.
 */

import { has, members } from './oracle.ts';

/** The rule set under test. The protocol's own is `correctRules`; every planted fault changes one field. */
export interface Rules {
  /** Added to the slack c. */
  readonly slackExtra: number;
  /** Added to the f liars. */
  readonly liarsExtra: number;
  /** Votes with `base` above the node's height count as missing. */
  readonly useBase: boolean;
  /** A node's height may run ahead of what it has delivered. */
  readonly heightMovesEarly: boolean;
  /** A signer may commit between reading `base` and filtering `before`. */
  readonly filterSkew: boolean;
  /** Blocks must be closed (section 6, rule 2). */
  readonly closure: boolean;
  /** A rival is excused when its number is used in what the node delivered (else: only in its committed order). */
  readonly excuseDelivered: boolean;
}

export const correctRules: Rules = {
  slackExtra: 0,
  liarsExtra: 0,
  useBase: true,
  heightMovesEarly: false,
  filterSkew: false,
  closure: true,
  excuseDelivered: false,
};

export interface Shape {
  readonly batches: number;
  /** `conflicts[x]` = mask of batches that conflict with x. */
  readonly conflicts: readonly number[];
  /** `twins[x]` = mask of x and the batches that share its (ingress, number). */
  readonly twins: readonly number[];
  /** The chain: masks of the blocks, in order. Together they hold all batches. */
  readonly chain: readonly number[];
  /** How many shapes with named batches this one stands for. */
  readonly orbit: number;
}

export interface Profile {
  /** Mask of the batches this signer voted on. */
  readonly voted: number;
  readonly base: readonly number[];
  readonly before: readonly number[];
  /** One interleaving that gives these votes: batches as 0.., a commit of block i as -i. */
  readonly events: readonly number[];
}

export const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

export function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}

/** All sequences of blocks that hold every batch, except those whose number an earlier block used. */
function chainsOf(left: number, twins: readonly number[]): number[][] {
  if (left === 0) return [[]];
  const out: number[][] = [];
  for (let first = left; first > 0; first = (first - 1) & left) {
    const used = members(first).reduce((set, x) => set | twins[x]!, 0);
    for (const rest of chainsOf(left & ~used, twins)) out.push([first, ...rest]);
  }
  return out;
}

const relabel = (set: number, to: readonly number[]): number =>
  members(set).reduce((out, x) => out | (1 << to[x]!), 0);

/**
 * Every conflict graph and chain on k batches, one for each class under renaming.
 * @param twins groups of batches that share an (ingress, number), and so conflict; none by default.
 */
export function shapesOf(batches: number, twins?: readonly number[]): Shape[] {
  const names = [...Array(batches).keys()];
  const groups = twins ?? names.map((x) => 1 << x);
  const edges = names.flatMap((a) => names.filter((b) => b > a).map((b): [number, number] => [a, b]));
  const renamings = permutations(names);
  const classes = new Map<string, Shape>();
  const nameOf = (conflicts: readonly number[], chain: readonly number[]): string =>
    renamings
      .map((to) => {
        const renamed = new Array<string>(batches).fill('');
        names.forEach((x) => {
          renamed[to[x]!] = `${relabel(conflicts[x]!, to)}/${relabel(groups[x]!, to)}`;
        });
        return [...renamed, 'chain', ...chain.map((block) => relabel(block, to))].join();
      })
      .sort()[0]!;
  for (let graph = 2 ** edges.length - 1; graph >= 0; graph--) {
    const conflicts = names.map((x) => groups[x]! & ~(1 << x));
    if (edges.some(([a, b], i) => has(groups[a]!, b) && !has(graph, i))) continue;
    edges.forEach(([a, b], i) => {
      if (!has(graph, i)) return;
      conflicts[a]! |= 1 << b;
      conflicts[b]! |= 1 << a;
    });
    for (const chain of chainsOf(2 ** batches - 1, groups)) {
      const name = nameOf(conflicts, chain);
      const known = classes.get(name);
      const shape = known ?? { batches, conflicts, twins: groups, chain, orbit: 0 };
      classes.set(name, { ...shape, orbit: shape.orbit + 1 });
    }
  }
  return [...classes.values()].sort((a, b) => a.chain.length - b.chain.length);
}

/**
 * Every different vote record an honest signer can have in this shape (section 4).
 * @param unfinished also signers that never receive, or have not yet received, some batches.
 */
export function profilesOf(shape: Shape, rules: Rules, unfinished = false): Profile[] {
  const { batches, chain, conflicts } = shape;
  const found = new Map<string, Profile>();
  const base = new Array<number>(batches).fill(0);
  const before = new Array<number>(batches).fill(0);
  const committedAt = (height: number): number => chain.slice(0, height).reduce((a, b) => a | b, 0);
  const usedAt = (height: number): number =>
    members(committedAt(height)).reduce((set, x) => set | shape.twins[x]!, 0);

  // After the last commit of a whole chain there is nothing left to vote on.
  const last = unfinished ? chain.length : chain.length - 1;
  const walk = (height: number, accepted: number, events: number[]): void => {
    const open = ((1 << batches) - 1) & ~accepted & ~usedAt(height);
    if (open === 0 || unfinished) {
      const votes = { voted: accepted, base: [...base], before: [...before] };
      for (let x = 0; x < batches; x++) if (!has(accepted, x)) votes.base[x] = votes.before[x] = 0;
      const key = JSON.stringify(votes);
      if (!found.has(key)) found.set(key, { ...votes, events });
    }
    if (height < last) walk(height + 1, accepted, [...events, -(height + 1)]);
    for (const x of members(open)) {
      let lastConflict = height;
      while (lastConflict > 0 && (chain[lastConflict - 1]! & conflicts[x]!) === 0) lastConflict--;
      const filters = rules.filterSkew ? last : height;
      for (let filter = height; filter <= filters && !has(usedAt(filter), x); filter++) {
        base[x] = lastConflict;
        before[x] = accepted & conflicts[x]! & ~committedAt(filter);
        const commits = Array.from({ length: filter - height }, (_, i) => -(height + 1 + i));
        walk(filter, accepted | (1 << x), [...events, x, ...commits]);
      }
    }
  };
  walk(0, 0, []);
  return [...found.values()];
}

/** Calls back for every multiset of `size` profiles, with the number of assignments to named signers. */
export function forEachWorld(
  profiles: readonly Profile[],
  size: number,
  visit: (world: readonly Profile[], labelled: number) => boolean,
): void {
  const world: Profile[] = [];
  const all = factorial(size);
  const extend = (from: number, run: number, repeats: number): boolean => {
    if (world.length === size) return visit(world, all / repeats);
    for (let i = from; i < profiles.length; i++) {
      const again = i === from && world.length > 0 ? run + 1 : 1;
      world.push(profiles[i]!);
      const more = extend(i, again, repeats * again);
      world.pop();
      if (!more) return false;
    }
    return true;
  };
  extend(0, 0, 1);
}
