/**
 * A dumb oracle of the vote flip under the source's rule: it tries all arrivals, all votes of all liars, and
 * all certificates of at least q votes, and knows nothing of plans or formulas. Two transactions, T and U; on
 * a tie U comes first, as it would with the smaller id.
 */

interface Vote {
  readonly position: number;
  /** Whether it names the other transaction as accepted earlier. */
  readonly names: boolean;
}
type Votes = ReadonlyMap<number, Vote>;
export type Rule = 'sorted' | 'per-signer';

const below = (a: number[], b: number[]): number => {
  let count = 0;
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i]! < b[i]!) count += 1;
  return count;
};
const sorted = (votes: Votes): number[] =>
  [...votes.values()].map((one) => one.position).sort((x, y) => x - y);

/** Signers that say "a first" in every vote of theirs, on either. */
function saying(a: Votes, b: Votes): number {
  let count = 0;
  for (const signer of new Set([...a.keys(), ...b.keys()])) {
    const onA = a.get(signer);
    const onB = b.get(signer);
    if (onA?.names !== true && onB?.names !== false) count += 1;
  }
  return count;
}

/** What a signer makes of the two certificates: who is first, and with which score. */
function outcome(t: Votes, u: Votes, rule: Rule, tShownFirst: boolean): { first: 'T' | 'U'; score: number } {
  const alone = (votes: Votes): boolean => ![...votes.values()].some((vote) => vote.names);
  if (alone(t) && (tShownFirst || !alone(u))) return { first: 'T', score: t.size };
  if (alone(u)) return { first: 'U', score: u.size };
  const count = (a: Votes, b: Votes): number =>
    rule === 'sorted' ? below(sorted(a), sorted(b)) : saying(a, b);
  const forT = count(t, u);
  const forU = count(u, t);
  return forU >= forT ? { first: 'U', score: forU } : { first: 'T', score: forT };
}

function* subsets(signers: readonly number[], atLeast: number): Iterable<readonly number[]> {
  for (let mask = 0; mask < 1 << signers.length; mask++) {
    const chosen = signers.filter((_, i) => (mask >> i) & 1);
    if (chosen.length >= atLeast) yield chosen;
  }
}

/** Every list of `count` items. */
function* tuples<T>(items: readonly T[], count: number): Iterable<readonly T[]> {
  if (count === 0) yield [];
  else for (const rest of tuples(items, count - 1)) for (const item of items) yield [...rest, item];
}

/** Positions of honest signers are 1 and 2: a liar's lie below, between, or above. */
const lies: Record<Rule, readonly Vote[]> = {
  sorted: [1, 2, 3].flatMap((position) => [true, false].map((names) => ({ position, names }))),
  'per-signer': [true, false].map((names) => ({ position: 1, names })),
};

/** The best that one split of honest signers allows, whatever the threshold. */
interface Best {
  /** Highest score with which each can be made first; 0 when it cannot. */
  T: number;
  U: number;
}

function bestFor(tFirst: readonly boolean[], liars: number, faulty: number, rule: Rule): Best {
  const n = tFirst.length + liars;
  const all = Array.from({ length: n }, (_, i) => i);
  const choices = [...subsets(all, n - faulty)];
  const best: Best = { T: 0, U: 0 };
  const stories = [...tuples(lies[rule], liars)];
  const certificates = (onT: boolean): Votes[] =>
    stories.flatMap((story) =>
      choices.map(
        (signers) =>
          new Map(
            signers.map((signer): [number, Vote] => {
              const first = tFirst[signer];
              if (first === undefined) return [signer, story[signer - tFirst.length]!];
              return [signer, { position: first === onT ? 1 : 2, names: first !== onT }];
            }),
          ),
      ),
    );
  const onU = certificates(false);
  for (const t of certificates(true))
    for (const u of onU)
      for (const tShownFirst of [true, false]) {
        const { first, score } = outcome(t, u, rule, tShownFirst);
        best[first] = Math.max(best[first], score);
      }
  return best;
}

/** For each score needed from 0 to n, whether some arrivals let one half be flipped against the other. */
export function oracleFlips(n: number, liars: number, faulty: number, rule: Rule): boolean[] {
  const needed = Array.from({ length: n + 1 }, (_, m) => m);
  if (liars < 1 || n - liars < 2) return needed.map(() => false);
  // Signers are alike: how many accepted T first is all that matters.
  const bests = Array.from({ length: n - liars + 1 }, (_, count) =>
    bestFor(
      Array.from({ length: n - liars }, (_, i) => i < count),
      liars,
      faulty,
      rule,
    ),
  );
  return needed.map((m) => bests.some(({ T, U }) => T > 0 && U > 0 && (T >= m || U >= m)));
}

/** The same for the per-signer rule by counting: what each signer is on record with, not which votes say so. */
export function oracleCounts(n: number, liars: number, faulty: number, needed: number): boolean {
  if (liars < 1 || n - liars < 2) return false;
  const possible = (tHonest: number, wanted: 'T' | 'U', score: number): boolean => {
    // Votes of both sides that stand in neither certificate, and what each liar says; `-` is nothing.
    for (let lostT = 0; lostT <= Math.min(faulty, tHonest); lostT++)
      for (let lostU = 0; lostU <= Math.min(faulty - lostT, n - liars - tHonest); lostU++)
        for (let liesT = 0; liesT <= liars; liesT++)
          for (let liesU = 0; liesU + liesT <= liars; liesU++) {
            const forT = tHonest - lostT + liesT;
            const forU = n - liars - tHonest - lostU + liesU;
            const first = forU >= forT ? 'U' : 'T';
            if (first === wanted && (first === 'T' ? forT : forU) >= score) return true;
          }
    return false;
  };
  for (let tHonest = 0; tHonest <= n - liars; tHonest++) {
    if (possible(tHonest, 'T', needed) && possible(tHonest, 'U', 0)) return true;
    if (possible(tHonest, 'U', needed) && possible(tHonest, 'T', 0)) return true;
  }
  return false;
}
