/** Honest runs of the source's rule: everybody delivers everything, conflicting transactions in one order. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../../sim/random.ts';
import { runSource, type SourceSubmission } from '../../../../sim/rules/source/run.ts';
import { allSigners, type SignerId } from '../../../../src/base/ids.ts';

const federation = (seed: string, signers: number) =>
  ({
    seed,
    title: 'honest',
    signers,
    byzantine: 0,
    faulty: Math.floor((signers - 1) / 3),
    network: 'lan',
    threshold: 0.75,
    comparison: 'sorted',
    traced: true,
  }) as const;

/** Many clients at once: most conflicting transactions cross on their way. */
function crossing(seed: string, signers: number, count: number): SourceSubmission[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i) => ({
    at: random.unit() * 3,
    to: random.pick(allSigners(signers)),
    client: `c${i}`,
    ...(random.chance(0.1)
      ? {}
      : { dependencies: random.shuffled(['a', 'b', 'c']).slice(0, random.integer(0, 3)) }),
  }));
}

describe('the source rule without liars', () => {
  for (const comparison of ['sorted', 'per-signer'] as const)
    it(`delivers everything everywhere in one order (${comparison})`, () => {
      let byOrder = 0;
      let byScore = 0;
      for (let seed = 0; seed < 12; seed++) {
        const signers = [4, 5, 7, 10][seed % 4]!;
        const submissions = crossing(`${seed}`, signers, 14);
        const run = runSource({ ...federation(`${seed}`, signers), comparison }, submissions);
        expect(run.disagreement).toBeUndefined();
        for (const signer of allSigners(signers)) {
          const delivered = run.deliveries.get(signer)!;
          expect(new Set(delivered.map((one) => one.id)).size).toBe(submissions.length);
          byOrder += delivered.filter((one) => one.finality === 'order').length;
          byScore += delivered.filter((one) => one.finality === 'score').length;
        }
      }
      // Both ways of becoming final are taken.
      expect(byOrder).toBeGreaterThan(100);
      expect(byScore).toBeGreaterThan(100);
    });

  it('delivers an uncontested transaction by its score, with every vote', () => {
    const run = runSource(federation('one', 7), [
      { at: 1, to: 3 as SignerId, client: 'c', dependencies: ['a'] },
    ]);
    for (const delivered of run.deliveries.values())
      expect(delivered.map(({ finality, score }) => [finality, score])).toEqual([['score', 7]]);
  });

  it('is the same run from the same seed, and another from another', () => {
    const submissions = crossing('x', 7, 10);
    const [a, b] = [0, 1].map(() => runSource(federation('s', 7), submissions));
    expect(a!.traceHash).toBe(b!.traceHash);
    expect(a!.trace).toEqual(b!.trace);
    expect(runSource(federation('t', 7), submissions).traceHash).not.toBe(a!.traceHash);
  });

  it('leaves a trace that pictures can read', () => {
    const { trace } = runSource(federation('trace', 7), crossing('trace', 7, 6));
    const times = trace.events.map((event) => event.at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const kinds = new Map<string, number>();
    for (const { kind } of trace.events) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    expect(kinds.get('arrived')).toBe(6 * 7);
    expect(kinds.get('delivered')).toBe(6 * 7);
    expect(kinds.get('sent')).toBe(kinds.get('received'));
    const certificate = trace.events.find((event) => event.kind === 'sent' && event.type === 'certificate');
    expect(certificate).toMatchObject({ cargo: { votes: { positions: { length: 7 } } } });
    for (const event of trace.events)
      if (event.kind === 'sent' && event.cargo.votes) {
        const { classes, positions } = event.cargo.votes;
        const signers = classes.flatMap((one) => one.signers).sort();
        expect(signers).toEqual(positions!.map(([signer]) => signer).sort());
      }
    const made = trace.events.find((event) => event.kind === 'made');
    expect(made).toMatchObject({ parents: { length: 7 } });
    expect(Object.values(trace.names).sort()).toEqual(['A', 'B', 'C', 'D', 'E', 'F']);
  });
});
