/**
 * The reductions of `search.ts` against a search without them: every subset of the votes, every liar's
 * list (batches outside the block too) and base, every certificate of every block, judged by the oracle.
 * Every world with two batches; with three batches at n = 4 every world under the protocol's rules, and
 * every 7th under each planted fault. Then the worlds that `worlds.ts` leaves out: chains that do not
 * hold every batch, and batches that never reach a signer.
 */

import { describe, expect, test } from 'vitest';
import {
  type Certificate,
  type Federation,
  gapOf,
  has,
  members,
  quorumSize,
  score,
  type Vote,
} from './oracle.ts';
import {
  type FinalRule,
  forEachOrder,
  judge,
  liarsOf,
  promisesOf,
  type Setting,
  thresholdOf,
  withTwins,
} from './search.ts';
import {
  correctRules,
  forEachWorld,
  type Profile,
  profilesOf,
  type Rules,
  type Shape,
  shapesOf,
} from './worlds.ts';

/** Every certificate of x that anybody could assemble in this world. */
function everyCertificate(
  setting: Setting,
  world: readonly Profile[],
  x: number,
  bases: number,
): Certificate[] {
  const others = ((1 << setting.shape.batches) - 1) & ~(1 << x);
  const claims: (Vote | undefined)[] = [undefined];
  for (let base = 0; base <= bases; base++)
    for (let before = others; before >= 0; before = before === 0 ? -1 : (before - 1) & others)
      claims.push({ base, before, rejects: 0 });
  let partial: (Vote | undefined)[][] = [[]];
  for (const profile of world) {
    const own: Vote = { base: profile.base[x]!, before: profile.before[x]!, rejects: 0 };
    const options = has(profile.voted, x) ? [undefined, own] : [undefined];
    partial = partial.flatMap((votes) => options.map((vote) => [...votes, vote]));
  }
  for (let liar = 0; liar < liarsOf(setting); liar++)
    partial = partial.flatMap((votes) => claims.map((vote) => [...votes, vote]));
  return partial
    .filter((votes) => votes.filter((vote) => vote !== undefined).length >= quorumSize(setting.federation))
    .map((votes) => ({ batch: x, after: 0, votes }));
}

/** The score rule, tried with every certificate. */
function anyCertificateIsFinal(): FinalRule {
  const cache = new Map<number, Certificate[]>();
  return (setting, world, t, state) => {
    let certificates = cache.get(t);
    if (!certificates) {
      certificates = everyCertificate(setting, world, t, setting.shape.chain.length);
      cache.set(t, certificates);
    }
    const height = setting.rules.useBase ? state.height : Number.POSITIVE_INFINITY;
    return certificates.some(
      (one) => score(one, height, withTwins(setting.shape, state.delivered)).score >= thresholdOf(setting),
    );
  };
}

/** The verdict on a world without any reduction: undefined = impossible, else whether a promise breaks. */
function bruteForce(setting: Setting, world: readonly Profile[]): boolean | undefined {
  const { rules, shape } = setting;
  let settled = 0;
  const blocks = shape.chain.map((block) => {
    const known = settled | block;
    settled = known;
    return members(block).map((x) =>
      everyCertificate(setting, world, x, 0).filter((one) => !rules.closure || gapOf(one, known) === 0),
    );
  });
  if (blocks.some((entries) => entries.some((certificates) => certificates.length === 0))) return undefined;
  const promises = promisesOf(setting, world, anyCertificateIsFinal());
  if (promises.length === 0) return false;
  let broken = false;
  let ordered = 0;
  shape.chain.forEach((block, i) => {
    const before = ordered;
    ordered |= block;
    broken ||= promises.some(({ first, second }) => has(before | block, second) && !has(ordered, first));
    const inside = promises.filter(({ first, second }) => has(block, first) && has(block, second));
    if (broken || inside.length === 0) return;
    forEachOrder(setting, blocks[i]!, (order) => {
      broken = inside.some(({ first, second }) => order.indexOf(second) < order.indexOf(first));
      return !broken;
    });
  });
  return broken;
}

const ruleSets: [string, Partial<Rules>][] = [
  ['the rules as they stand', {}],
  ['slack c + 1', { slackExtra: 1 }],
  ['f + 1 liars', { liarsExtra: 1 }],
  ['base is ignored', { useBase: false }],
  ['h moves before delivery', { heightMovesEarly: true }],
  ['a newer filter', { filterSkew: true }],
  ['no closure', { closure: false }],
];

/** Compares every `step`th world; returns how many, and in how many a promise breaks. */
function compare(
  fed: Federation,
  change: Partial<Rules>,
  shapes: readonly Shape[],
  step: number,
): [number, number] {
  const rules = { ...correctRules, ...change };
  let compared = 0;
  let broken = 0;
  let index = 0;
  for (const shape of shapes) {
    const setting: Setting = { federation: fed, shape, rules };
    forEachWorld(profilesOf(shape, rules), fed.n - liarsOf(setting), (world) => {
      if (index++ % step !== 0) return true;
      const fast = judge(setting, world);
      const slow = bruteForce(setting, world);
      const verdict = fast.possible ? fast.violation !== undefined : undefined;
      compared++;
      if (slow) broken++;
      const events = world.map((profile) => profile.events.join(' '));
      expect(
        verdict,
        JSON.stringify({ fed, change, chain: shape.chain, conflicts: shape.conflicts, events }),
      ).toBe(slow);
      return true;
    });
  }
  return [compared, broken];
}

describe('the search with and without reductions gives the same verdicts', () => {
  test.each(ruleSets)('two batches: %s', { timeout: 120_000 }, (name, change) => {
    const feds = [
      { n: 4, f: 1, t: 1 },
      { n: 5, f: 1, t: 1 },
      { n: 5, f: 0, t: 2 },
      { n: 6, f: 1, t: 1 },
    ];
    for (const fed of feds) {
      const [compared, broken] = compare(fed, change, shapesOf(2), 1);
      expect(compared).toBeGreaterThan(0);
      expect(broken > 0, JSON.stringify([name, fed, compared, broken])).toBe(Object.keys(change).length > 0);
    }
  });

  test.each(ruleSets)('three batches, n = 4: %s', { timeout: 120_000 }, (_, change) => {
    const planted = Object.keys(change).length > 0;
    const [compared, broken] = compare({ n: 4, f: 1, t: 1 }, change, shapesOf(3), planted ? 7 : 1);
    console.log({ change, compared, broken });
    expect(broken > 0).toBe(planted);
  });
});

/** Every chain that is a start of a chain with all batches. */
function unfinishedShapes(batches: number): Shape[] {
  const shapes = new Map<string, Shape>();
  for (const shape of shapesOf(batches))
    for (let blocks = 1; blocks <= shape.chain.length; blocks++) {
      const chain = shape.chain.slice(0, blocks);
      shapes.set(JSON.stringify([shape.conflicts, chain]), { ...shape, chain });
    }
  return [...shapes.values()];
}

describe('worlds that the search leaves out hold no violation either', () => {
  test.each([
    [{ n: 4, f: 1, t: 1 }, 2, 263],
    [{ n: 6, f: 1, t: 1 }, 2, 1218],
    [{ n: 5, f: 0, t: 2 }, 2, 1218],
    [{ n: 4, f: 1, t: 1 }, 3, 70281],
  ])('%o, %i batches', { timeout: 120_000 }, (fed, batches, expected) => {
    let visited = 0;
    for (const shape of unfinishedShapes(batches)) {
      const setting: Setting = { federation: fed, shape, rules: correctRules };
      forEachWorld(profilesOf(shape, correctRules, true), fed.n - fed.f, (world) => {
        visited++;
        expect(judge(setting, world).violation).toBeUndefined();
        return true;
      });
    }
    expect(visited).toBe(expected);
  });
});
