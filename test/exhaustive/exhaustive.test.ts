/**
 * Protocol section 13.1, exhaustively: every delivery by score at every node agrees with every valid
 * sequence of blocks on every conflicting pair, and the same search finds each planted fault.
 *
 * Nothing is sampled. The counts are exact, so that a search that silently shrinks turns red. `visited`
 * are worlds up to renaming of signers and batches; `labelled` is how many worlds with names they are.
 * The counter-examples are kept in `counterexamples.txt` (`npx vitest run -u` rewrites it).
 */

import { describe, expect, test } from 'vitest';
import type { Federation } from './oracle.ts';
import { render } from './render.ts';
import { survey } from './survey.ts';
import { correctRules, type Rules, type Shape, shapesOf } from './worlds.ts';

const federation = (n: number, f: number, t: number): Federation => ({ n, f, t });
const federations = [federation(4, 1, 1), federation(5, 1, 1), federation(6, 1, 1), federation(5, 0, 2)];
const named = ({ n, f, t }: Federation): string => `(${n},${f},${t})`;

/** Batches 0 and 1 share one (ingress, number). */
const twins = (batches: number): number[] => Array.from({ length: batches }, (_, x) => (x < 2 ? 3 : 1 << x));

const allShapes = (batches: number): Shape[] => shapesOf(batches);
const twinShapes = (batches: number): Shape[] => shapesOf(batches, twins(batches));
const shortChains = (shapes: Shape[], blocks: number): Shape[] =>
  shapes.filter((shape) => shape.chain.length <= blocks);

/** shapes, visited, labelled, possible, promises. */
type Counts = [number, number, number, number, number];

function expectSound(fed: Federation, shapes: Shape[], expected: Counts): void {
  const { counts, found } = survey(fed, correctRules, shapes);
  expect(found && render('no fault', found.setting, found.world, found.violation)).toBeUndefined();
  const { derivations, ...rest } = counts;
  console.log(`${named(fed)}, ${shapes[0]!.batches} batches: ${JSON.stringify(rest)}`);
  expect(Object.values(rest)).toEqual(expected);
  // No pair is ever close enough that counting could not decide it.
  expect(derivations).toBe(0);
}

describe('the rules as they stand agree with every block', () => {
  test.each<[Federation, Counts, Counts]>([
    [federation(4, 1, 1), [4, 44, 275, 26, 6], [24, 13260, 363856, 6188, 1775]],
    [federation(5, 1, 1), [4, 81, 1299, 40, 7], [24, 80343, 8173240, 29694, 4725]],
    [federation(6, 1, 1), [4, 139, 6347, 51, 25], [24, 441501, 202672840, 94023, 65079]],
    [federation(5, 0, 2), [4, 139, 6347, 73, 25], [24, 441501, 202672840, 185490, 90810]],
  ])('%o, two and three batches, every conflict graph and chain', { timeout: 120_000 }, (fed, two, three) => {
    expectSound(fed, allShapes(2), two);
    expectSound(fed, allShapes(3), three);
  });

  test.each<[Federation, Counts]>([[federation(3, 0, 1), [24, 13260, 363856, 6188, 1775]]])(
    '%o, beyond the section: three batches',
    (fed, expected) => {
      expectSound(fed, allShapes(3), expected);
    },
  );

  test.each<[Federation, Counts]>([
    [federation(7, 2, 2), [4, 139, 6347, 85, 8]],
    [federation(9, 1, 2), [4, 514, 782019, 178, 81]],
  ])('%o, beyond the section: two batches', (fed, expected) => {
    expectSound(fed, allShapes(2), expected);
  });

  test.each<[Federation, Counts]>([
    [federation(4, 1, 1), [21, 5892, 47219, 3283, 938]],
    [federation(5, 1, 1), [21, 26414, 702087, 13072, 1982]],
    [federation(6, 1, 1), [21, 103898, 11007155, 33554, 20108]],
  ])(
    '%o, beyond the section: three batches, two of them with one number',
    { timeout: 120_000 },
    (fed, expected) => {
      expectSound(fed, twinShapes(3), expected);
    },
  );

  test('beyond the section: four batches', { timeout: 120_000 }, () => {
    expectSound(federation(4, 1, 1), shortChains(allShapes(4), 2), [79, 771706, 48149501, 391248, 122636]);
    expectSound(federation(6, 1, 1), shortChains(allShapes(4), 1), [11, 139505, 24470433, 139505, 89260]);
    expectSound(federation(6, 1, 1), shortChains(twinShapes(4), 1), [34, 387442, 62278848, 298274, 170534]);
  });
});

describe('the same search finds each planted fault', () => {
  const faults: [string, Partial<Rules>][] = [
    ['slack c + 1', { slackExtra: 1 }],
    ['f + 1 liars', { liarsExtra: 1 }],
    ['base is ignored', { useBase: false }],
    ['h moves before delivery', { heightMovesEarly: true }],
    ['before is filtered by a newer height than base was read at', { filterSkew: true }],
    ['blocks need not be closed', { closure: false }],
  ];

  test('in every federation, with two and with three batches', async () => {
    const report: string[] = [];
    for (const fed of federations)
      for (const batches of [2, 3])
        for (const [fault, change] of faults) {
          const { counts, found } = survey(fed, { ...correctRules, ...change }, allShapes(batches));
          expect(found, `${fault} in ${named(fed)} with ${batches} batches`).toBeDefined();
          const title = `${fault}; found in world ${counts.visited}`;
          report.push(render(title, found!.setting, found!.world, found!.violation));
        }
    await expect(report.join('\n')).toMatchFileSnapshot('counterexamples.txt');
  });
});
