/**
 * A batch alone becomes final by its score at every signer within three ways through its tree, plus what
 * signers compute on the way: at most as much at each level as measured for one batch. No timer has a part in it.
 */

import { describe, expect, it } from 'vitest';
import { measured } from '../../../sim/costs/costs.ts';
import { measuredWork } from '../../../sim/costs/work.ts';
import { wayDownMs } from '../../../sim/load/load.ts';
import { depthOf, type LoadRequest, loadOptions } from '../../../sim/load/options.ts';
import { World } from '../../../sim/world.ts';
import { type SignerId, signerId } from '../../../src/base/ids.ts';
import { must } from '../../../src/base/result.ts';
import type { Batch } from '../../../src/messages/batch.ts';

interface Lone {
  /** When the last signer delivered it. */
  readonly at: number;
  readonly wayMs: number;
  readonly finality: ReadonlySet<string>;
  readonly delivered: number;
}

function loneBatch(request: LoadRequest, ingress: SignerId): Lone {
  const { rttMs, ...options } = must(loadOptions(request));
  const world = new World({
    ...options,
    ...(rttMs !== undefined && { rttMs }),
    ...{ costs: measured, work: measuredWork, wire: false },
  });
  let at = 0;
  let batch: Batch | undefined;
  const finality = new Set<string>();
  const delivered = new Set<SignerId>();
  world.watchers.push({
    observed: ({ node, event }) => {
      if (event.type !== 'delivered') return;
      at = world.now;
      batch = event.delivery.batch;
      finality.add(event.delivery.finality);
      delivered.add(node);
    },
  });
  world.start();
  world.submit(ingress, world.transaction(['lone'], 'x'.repeat(100)));
  world.runUntil(() => delivered.size === options.signers, 20_000);
  return { at, wayMs: wayDownMs(world, batch!), finality, delivered: delivered.size };
}

/** Computing, syncs of the disk and bodies on the uplink, at one level, three times. */
const levelMs = 12;

describe.each([
  [31, 2],
  [31, 5],
  [100, 5],
])('a lone batch among %d signers, fanout %d', (signers, fanout) => {
  const depth = depthOf({ signers, fanout });

  it('is final everywhere after 3 x depth hops of 100 ms and what computing takes', () => {
    const { at, wayMs, finality, delivered } = loneBatch({ signers, fanout, rttMs: 200 }, signerId(3));
    expect(wayMs).toBe(depth * 100);
    expect(delivered).toBe(signers);
    expect([...finality]).toEqual(['score']);
    expect(at).toBeGreaterThan(3 * depth * 100);
    expect(at).toBeLessThan(3 * depth * 100 + (depth + 1) * levelMs);
  });

  it.each(['balanced', 'geographic'] as const)(
    'on %s trees between cities too, along the worst way',
    (shape) => {
      const { at, wayMs, finality } = loneBatch({ signers, fanout, network: 'cities', shape }, signerId(3));
      expect([...finality]).toEqual(['score']);
      // Jitter is 2 % of a latency on average; the worst of many is more.
      expect(at).toBeLessThan(1.15 * 3 * wayMs + (depth + 1) * levelMs);
    },
  );
});

it('finds the ways of geographic trees shorter than those of balanced ones', () => {
  const wayOf = (shape: 'balanced' | 'geographic'): number =>
    loneBatch({ signers: 31, fanout: 5, network: 'cities', shape }, signerId(3)).wayMs;
  expect(wayOf('geographic')).toBeLessThan(0.8 * wayOf('balanced'));
});
