/**
 * What an uncontested batch costs a signer: one signature and at most two checks of an aggregate, whatever
 * `n` is (protocol section 4). Counted, not timed.
 */

import { describe, expect, it } from 'vitest';
import { World } from '../../sim/world.ts';
import { allSigners, signerId } from '../../src/base/ids.ts';
import type { VerifyRequest } from '../../src/verify/verifier.ts';

const aggregates: readonly VerifyRequest['kind'][] = ['votes', 'certificate', 'blockVotes', 'qc'];

/** Checks of aggregates and voting signatures at each signer for one batch that nobody contests. */
function countFor(n: number, byzantine: number): { checks: number[]; signatures: number[]; final: number } {
  const checks = allSigners(n).map(() => 0);
  const signatures = allSigners(n).map(() => 0);
  let final = 0;
  // No block in this time: it would cost signatures of its own.
  const limits = { checkpointAfterMs: 1_000_000 };
  const world = new World({ seed: `cost-${n}`, signers: n, byzantine, faulty: byzantine, limits });
  for (const node of world.nodes) {
    const key = node.signer.votingKey as { sign(message: Uint8Array): Uint8Array };
    const sign = key.sign.bind(key);
    key.sign = (message) => {
      signatures[node.signer.id]! += 1;
      return sign(message);
    };
  }
  let stepping = 0;
  for (const node of world.nodes) {
    const input = node.input.bind(node);
    node.input = (what) => {
      const outer = stepping;
      stepping = node.signer.id;
      input(what);
      stepping = outer;
    };
  }
  const { verifier } = world.federation;
  const check = verifier.check.bind(verifier);
  verifier.check = (request) => {
    if (aggregates.includes(request.kind)) checks[stepping]! += 1;
    return check(request);
  };
  world.watchers.push({
    observed: ({ event }) => {
      if (event.type === 'delivered' && event.delivery.finality === 'score') final += 1;
    },
  });
  world.start();
  world.submit(signerId(0), world.transaction(['a']));
  world.run(500);
  return { checks, signatures, final };
}

describe('cost of an uncontested batch', () => {
  it.each([
    [4, 1],
    [7, 1],
    [16, 3],
    [31, 6],
  ])('n = %i: one signature and at most two checks a signer', (n, byzantine) => {
    const { checks, signatures, final } = countFor(n, byzantine);
    expect(final).toBe(n);
    expect(signatures).toEqual(allSigners(n).map(() => 1));
    expect(Math.max(...checks)).toBeLessThanOrEqual(2);
    expect(Math.min(...checks)).toBe(1);
  });
});
