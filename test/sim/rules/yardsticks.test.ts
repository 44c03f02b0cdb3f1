/** Rules on the same reported arrivals, each against an oracle that counts by hand. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrivals, arrivalsOf, conflictIn } from '../../../sim/rules/arrivals.ts';
import { fcfsOrder } from '../../../sim/rules/fcfs.ts';
import { medianOrder } from '../../../sim/rules/median.ts';
import { reportedOrder } from '../../../sim/rules/source/reported.ts';
import { runSource } from '../../../sim/rules/source/run.ts';
import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import { must } from '../../../src/base/result.ts';
import { parseArrivals } from '../../../src/cli/order/arrivals.ts';
import { runOrder } from '../../../src/cli/order/order.ts';

const names = ['A', 'B', 'C', 'D', 'E'] as BatchId[];

const anyArrivals: fc.Arbitrary<{ arrivals: Arrivals; signers: number }> = fc
  .array(
    fc.record({
      line: fc.shuffledSubarray(names, { minLength: 2 }),
      gaps: fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .chain((lines) =>
    fc.nat(2).map((silent) => ({
      signers: lines.length + silent,
      arrivals: lines.map(({ line, gaps }, signer) => {
        let at = 0;
        const order = line.map((id, i) => {
          at += gaps[i]!;
          return { id, at };
        });
        return { signer: signer as SignerId, order };
      }),
    })),
  );

describe('yardsticks', () => {
  it('first come first served is the line of its leader', () => {
    fc.assert(
      fc.property(anyArrivals, fc.nat(8), ({ arrivals }, leader) => {
        const line = arrivals[leader]?.order.map((one) => one.id) ?? [];
        expect(fcfsOrder(arrivals, leader as SignerId)).toEqual(line);
      }),
    );
  });

  it('the median is the value with half of all reports on either side', () => {
    fc.assert(
      fc.property(anyArrivals, fc.constantFrom('position', 'time'), ({ arrivals, signers }, measure) => {
        const medianOf = (id: BatchId): number => {
          const values: number[] = [];
          for (let signer = 0; signer < signers; signer++) {
            const order = arrivals[signer]?.order ?? [];
            const i = order.findIndex((one) => one.id === id);
            values.push(i < 0 ? Number.POSITIVE_INFINITY : measure === 'time' ? order[i]!.at : i + 1);
          }
          // The smallest value that at least half of the reports do not exceed.
          const good = values.filter((v) => 2 * values.filter((w) => w <= v).length >= signers);
          return Math.min(...good);
        };
        const expected = names
          .filter((id) => medianOf(id) < Number.POSITIVE_INFINITY)
          .sort((a, b) => medianOf(a) - medianOf(b) || (a < b ? -1 : 1));
        expect(medianOrder(arrivals, signers, measure)).toEqual(expected);
      }),
    );
  });

  it('a lying leader decides alone; one liar among four moves a median only between honest reports', () => {
    const line = (signer: number, text: string) => ({
      signer: signer as SignerId,
      order: [...text].map((id, at) => ({ id: id as BatchId, at })),
    });
    const arrivals = [line(0, 'BA'), line(1, 'AB'), line(2, 'AB'), line(3, 'AB')];
    expect(fcfsOrder(arrivals, 0 as SignerId)).toEqual(['B', 'A']);
    expect(medianOrder(arrivals, 4, 'position')).toEqual(['A', 'B']);
  });
});

describe('the source rule on reported arrivals', () => {
  it('is what `order --rule source` gives for the same lines', () => {
    fc.assert(
      fc.property(
        anyArrivals,
        fc.array(fc.constantFrom('a', 'b'), { minLength: 5, maxLength: 5 }),
        (drawn, keys) => {
          const signers = Math.max(4, drawn.signers);
          const { arrivals } = drawn;
          const text = [
            `signers ${signers} byzantine 1 faulty 1`,
            ...names.map((name, i) => `keys ${name} ${keys[i]}`),
            ...arrivals.map(({ signer, order }) => `s${signer + 1}: ${order.map((one) => one.id).join(' ')}`),
          ].join('\n');
          const expected = runOrder(must(parseArrivals(text)), 'source');
          const places = reportedOrder({
            arrivals,
            quorum: signers - 1,
            comparison: 'sorted',
            conflict: (a, b) => a !== b && keys[names.indexOf(a)] === keys[names.indexOf(b)],
          });
          expect(places.map((place) => place.id)).toEqual(expected.order);
          expect(places.map((place) => place.score)).toEqual(
            expected.order.map((id) => expected.batches[id]!.score),
          );
        },
      ),
    );
  });

  it('reads arrivals and conflicts back from a run, and orders as the run did', () => {
    const lists = [['a'], ['a', 'b'], ['b'], undefined, []];
    const run = runSource(
      {
        seed: 'arrivals',
        title: 'arrivals',
        signers: 7,
        byzantine: 0,
        faulty: 2,
        network: 'lan',
        threshold: 0.75,
        comparison: 'sorted',
        traced: true,
      },
      lists.map((dependencies, i) => ({
        at: i * 0.2,
        to: i as SignerId,
        client: `c${i}`,
        ...(dependencies && { dependencies }),
      })),
    );
    const arrivals = arrivalsOf(run.trace);
    expect(arrivals.map((report) => [report.signer, report.order.length])).toEqual(
      Array.from({ length: 7 }, (_, signer) => [signer, lists.length]),
    );
    for (const { order } of arrivals)
      expect(order.map((one) => one.at)).toEqual(order.map((one) => one.at).sort((a, b) => a - b));
    const ids = Object.keys(run.trace.names) as BatchId[];
    const conflict = conflictIn(run.trace);
    expect(ids.map((a) => ids.map((b) => (conflict(a, b) ? 'x' : '.')).join(''))).toEqual([
      '.x.x.',
      'x.xx.',
      '.x.x.',
      'xxx..',
      '.....',
    ]);
    const places = reportedOrder({ arrivals, quorum: 5, comparison: 'sorted', conflict });
    const rank = new Map(places.map((place, i) => [place.id, i]));
    const delivered = run.deliveries.get(0 as SignerId)!.map((one) => one.id);
    expect(delivered).toHaveLength(lists.length);
    for (const [i, a] of delivered.entries())
      for (const b of delivered.slice(i + 1))
        if (conflict(a, b)) expect(rank.get(a)).toBeLessThan(rank.get(b)!);
  });

  it('takes the first arrival of a batch that a signer reports twice', () => {
    const arrived = (at: number, id: string, position: number) =>
      ({ kind: 'arrived', at, node: 0 as SignerId, batch: id as BatchId, position }) as const;
    const events = [arrived(1, 'A', 1), arrived(2, 'B', 2), arrived(9, 'A', 1)];
    expect(arrivalsOf({ events, signers: 1 })[0]!.order).toEqual([
      { id: 'A', at: 1 },
      { id: 'B', at: 2 },
    ]);
  });

  it('needs a quorum of reports', () => {
    const arrivals = [0, 1, 2].map((signer) => ({
      signer: signer as SignerId,
      order: (signer === 0 ? ['A', 'B'] : ['A']).map((id, at) => ({ id: id as BatchId, at })),
    }));
    const places = reportedOrder({ arrivals, quorum: 2, comparison: 'sorted', conflict: () => true });
    expect(places).toEqual([{ id: 'A', score: 3, next: undefined }]);
  });
});
