/**
 * The search (protocol section 13.1): in one world, every delivery by score at every node, against every
 * valid choice of certificates for every block of the chain.
 *
 * Intuition: whatever a node delivers by score puts T before all that it has not delivered. Each such
 * conflicting pair (T, U) is a *promise*; the world is sound when no valid chain breaks a promise.
 *
 * Reductions, all checked against the unreduced search in `reductions.test.ts`:
 * 1. Score: adding a vote with base <= h never lowers the score (v - x_U grows or stays for a rival that
 *    is listed already, and a rival that it brings in has v + 1 - 1 >= the old score), so T can become
 *    final in a node's state exactly when the certificate of all honest votes, and of all liars with
 *    base 0 and nothing listed, makes it final. Votes with base > h count for the quorum only.
 * 2. Blocks: a liar lists nothing outside the block: that can only break closure, and has no statement.
 * 3. A promise (T, U) inside one block can only break when a path U -> ... -> T of pair wins exists in the
 *    block (in one component there is a path, in two the direct pair decides). So pairs that no choice
 *    of certificates lets U's side win or tie are ruled out by counting, and only what is left over is
 *    derived in full, over all certificates and all tie-breaking hashes.
 * The order of a block depends on its own certificates only, so blocks are looked at one by one.
 */

import { type Certificate, derive, type Federation, has, members, quorumSize, slackOf } from './oracle.ts';
import { type Profile, permutations, type Rules, type Shape } from './worlds.ts';

export interface Setting {
  readonly federation: Federation;
  readonly shape: Shape;
  readonly rules: Rules;
}

export const liarsOf = ({ federation, rules }: Setting): number => federation.f + rules.liarsExtra;
export const thresholdOf = ({ federation, rules }: Setting): number =>
  federation.n - (slackOf(federation) + rules.slackExtra);

/** A state of a node: what it delivered, its height, and how many blocks it has delivered. */
interface State {
  readonly delivered: number;
  readonly height: number;
  readonly blocks: number;
}

export interface Promised {
  readonly first: number;
  readonly second: number;
  readonly state: State;
}

export interface Violation extends Promised {
  /** The block's certificates and order that break the promise, when both are in one block. */
  readonly certificates: readonly Certificate[];
  readonly order: readonly number[];
  readonly hashes: readonly number[];
}

export interface Verdict {
  /** False when some block of the chain cannot be certified and closed in this world. */
  readonly possible: boolean;
  readonly promises: readonly Promised[];
  /** Blocks whose orders had to be derived in full. */
  readonly derivations: number;
  readonly violation: Violation | undefined;
}

const count = (set: number): number => {
  let ones = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) ones++;
  return ones;
};

const chainBefore = (shape: Shape, blocks: number): number =>
  shape.chain.slice(0, blocks).reduce((a, b) => a | b, 0);

/** `set` and every batch whose number is used in it. */
export const withTwins = (shape: Shape, set: number): number =>
  members(set).reduce((all, x) => all | shape.twins[x]!, 0);

/** Can T become final by score in this state, with the best certificate there is? (reduction 1) */
function canBeFinal(setting: Setting, world: readonly Profile[], t: number, state: State): boolean {
  const { federation, rules, shape } = setting;
  const liars = liarsOf(setting);
  const threshold = thresholdOf(setting);
  const excused = rules.excuseDelivered
    ? withTwins(shape, state.delivered)
    : state.delivered | withTwins(shape, chainBefore(shape, state.blocks));
  let votes = liars;
  let certificate = liars;
  for (const profile of world) {
    if (!has(profile.voted, t)) continue;
    certificate++;
    if (!rules.useBase || profile.base[t]! <= state.height) votes++;
  }
  if (certificate < quorumSize(federation) || votes < threshold) return false;
  for (let u = 0; u < shape.batches; u++) {
    if (u === t || has(excused, u)) continue;
    let listed = 0;
    for (const profile of world)
      if (
        has(profile.voted, t) &&
        has(profile.before[t]!, u) &&
        (!rules.useBase || profile.base[t]! <= state.height)
      )
        listed++;
    if (listed > 0 && votes - listed < threshold) return false;
  }
  return true;
}

export type FinalRule = (setting: Setting, world: readonly Profile[], t: number, state: State) => boolean;

/** Walks through all states a node can be in, and collects what its deliveries by score promise. */
export function promisesOf(
  setting: Setting,
  world: readonly Profile[],
  final: FinalRule = canBeFinal,
): Promised[] {
  const { rules, shape } = setting;
  const promises = new Map<number, Promised>();
  const seen = new Set<number>();
  const visit = (state: State): void => {
    const key = (state.delivered * 8 + state.height) * 8 + state.blocks;
    if (seen.has(key)) return;
    seen.add(key);
    const used = withTwins(shape, state.delivered);
    for (let t = 0; t < shape.batches; t++) {
      if (has(used, t) || !final(setting, world, t, state)) continue;
      for (let u = 0; u < shape.batches; u++) {
        // What is void for this node makes no promise; T against its own twin does.
        if (u === t || !has(shape.conflicts[t]!, u) || has(used, u)) continue;
        if (!promises.has(t * 8 + u)) promises.set(t * 8 + u, { first: t, second: u, state });
      }
      visit({ ...state, delivered: state.delivered | (1 << t) });
    }
    const { height, blocks, delivered } = state;
    if (rules.heightMovesEarly) {
      if (height < shape.chain.length) visit({ ...state, height: height + 1 });
      if (blocks < height) visit({ delivered: delivered | shape.chain[blocks]!, height, blocks: blocks + 1 });
    } else if (blocks < shape.chain.length)
      visit({ delivered: delivered | shape.chain[blocks]!, height: height + 1, blocks: blocks + 1 });
  };
  visit({ delivered: 0, height: 0, blocks: 0 });
  return [...promises.values()];
}

interface Choice {
  /** Mask of the honest signers in the certificate. */
  readonly honest: number;
  readonly liars: number;
}

/** Which votes may make up a certificate of x in its block: a quorum, and closed (section 6, rule 2). */
export function choicesOf(setting: Setting, world: readonly Profile[], x: number, block: number): Choice[] {
  const { federation, rules, shape } = setting;
  const q = quorumSize(federation);
  const known = withTwins(shape, chainBefore(shape, block)) | shape.chain[block]!;
  let voters = 0;
  world.forEach((profile, i) => {
    if (has(profile.voted, x)) voters |= 1 << i;
  });
  const outside = members(((1 << shape.batches) - 1) & ~known).map((u) => {
    let listers = 0;
    for (const i of members(voters)) if (has(world[i]!.before[x]!, u)) listers |= 1 << i;
    return listers;
  });
  const choices: Choice[] = [];
  for (let honest = voters; ; honest = (honest - 1) & voters) {
    for (let liars = liarsOf(setting); liars >= 0; liars--) {
      const votes = count(honest) + liars;
      if (votes < q) continue;
      if (rules.closure && outside.some((listers) => 2 * count(listers & honest) > votes)) continue;
      choices.push({ honest, liars });
    }
    if (honest === 0) break;
  }
  return choices;
}

/** Honest statement on (x, y): does this signer say that x was first? It must have voted on one of them. */
const saysFirst = (profile: Profile, x: number, y: number): boolean =>
  has(profile.voted, x) ? !has(profile.before[x]!, y) : has(profile.before[y]!, x);

/** Whether some certificates let x win or tie against y, every liar helping x (reduction 3). */
function canWin(
  setting: Setting,
  world: readonly Profile[],
  x: Choice[],
  y: Choice[],
  pair: [number, number],
): boolean {
  let forX = 0;
  world.forEach((profile, i) => {
    if (saysFirst(profile, ...pair)) forX |= 1 << i;
  });
  const liars = liarsOf(setting);
  return x.some((a) =>
    y.some((b) => {
      const heard = a.honest | b.honest;
      return count(heard & forX) + liars >= count(heard & ~forX);
    }),
  );
}

/** All certificates of x with these choices: every liar absent, or with any list of the block's batches. */
export function certificatesOf(
  setting: Setting,
  world: readonly Profile[],
  x: number,
  block: number,
  choices: readonly Choice[],
): Certificate[] {
  const liars = liarsOf(setting);
  const others = setting.shape.chain[block]! & ~(1 << x);
  const lists: number[] = [];
  for (let list = others; ; list = (list - 1) & others) {
    lists.push(list);
    if (list === 0) break;
  }
  const out: Certificate[] = [];
  const speak = (choice: Choice, votes: Certificate['votes']): void => {
    if (votes.length === world.length + liars) {
      if (votes.slice(world.length).filter((vote) => vote !== undefined).length === choice.liars)
        out.push({ batch: x, after: 0, votes });
      return;
    }
    speak(choice, [...votes, undefined]);
    for (const before of lists) speak(choice, [...votes, { base: 0, before, rejects: 0 }]);
  };
  for (const choice of choices) {
    const honest = world.map((profile, i) =>
      has(choice.honest, i) ? { base: profile.base[x]!, before: profile.before[x]!, rejects: 0 } : undefined,
    );
    speak(choice, honest);
  }
  return out;
}

/** Every order that some certificates and hashes give a block; stops when the callback says so. */
export function forEachOrder(
  setting: Setting,
  options: readonly Certificate[][],
  visit: (order: readonly number[], entries: readonly Certificate[], hashes: readonly number[]) => boolean,
): void {
  const { federation, shape } = setting;
  const ids = [...Array(shape.batches).keys()];
  const allHashes = permutations(ids);
  const pick = (entries: Certificate[]): boolean => {
    if (entries.length < options.length)
      return options[entries.length]!.every((certificate) => pick([...entries, certificate]));
    for (const hashes of allHashes) {
      const { order, tied } = derive(entries, shape.conflicts, ids, hashes, federation.f);
      if (!visit(order, entries, hashes)) return false;
      if (!tied) break;
    }
    return true;
  };
  pick([]);
}

/** Does a derived order break the promise, given which entries are void in it? */
function breaks(shape: Shape, order: readonly number[], { first, second }: Promised): boolean {
  let used = 0;
  for (const x of order) {
    if (has(used, x)) continue;
    if (x === first) return false;
    if (x === second || has(shape.twins[first]!, x)) return true;
    used |= shape.twins[x]!;
  }
  return false;
}

/** Judges one world. */
export function judge(setting: Setting, world: readonly Profile[]): Verdict {
  const { shape } = setting;
  const blockOf = (x: number): number => shape.chain.findIndex((block) => has(block, x));
  const choices: Choice[][] = [];
  const nothing = { promises: [], derivations: 0, violation: undefined };
  for (let x = 0; x < shape.batches; x++) {
    // A batch whose number an earlier block used is in no block.
    const at = blockOf(x);
    choices.push(at < 0 ? [] : choicesOf(setting, world, x, at));
    if (at >= 0 && choices[x]!.length === 0) return { possible: false, ...nothing };
  }
  const promises = promisesOf(setting, world);
  let derivations = 0;
  let violation: Violation | undefined;
  const suspects = new Map<number, Promised[]>();
  for (const promise of promises) {
    const { first, second } = promise;
    const at = blockOf(first);
    if (blockOf(second) < 0) continue;
    if (blockOf(second) < at || at < 0) violation ??= { ...promise, certificates: [], order: [], hashes: [] };
    if (blockOf(second) === at && at >= 0) suspects.set(at, [...(suspects.get(at) ?? []), promise]);
  }
  for (const [block, inside] of suspects) {
    if (violation) break;
    const entries = members(shape.chain[block]!);
    const wins = new Array<number>(shape.batches).fill(0);
    for (const x of entries)
      for (const y of entries)
        if (has(shape.conflicts[x]!, y) && canWin(setting, world, choices[x]!, choices[y]!, [x, y]))
          wins[x]! |= 1 << y;
    const doubtful = inside.filter(({ first, second }) => reaches(wins, second, first));
    if (doubtful.length === 0) continue;
    derivations++;
    const options = entries.map((x) => certificatesOf(setting, world, x, block, choices[x]!));
    forEachOrder(setting, options, (order, certificates, hashes) => {
      const broken = doubtful.find((promise) => breaks(shape, order, promise));
      if (broken) violation = { ...broken, certificates, order, hashes };
      return !broken;
    });
  }
  return { possible: true, promises, derivations, violation };
}

function reaches(edges: readonly number[], from: number, to: number): boolean {
  let reached = 1 << from;
  for (;;) {
    const next = members(reached).reduce((set, x) => set | edges[x]!, reached);
    if (next === reached) return has(reached, to);
    reached = next;
  }
}
