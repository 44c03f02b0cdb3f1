/**
 * What clients do in a simulation: transactions on few or many keys, on everything or on nothing, some
 * sent to several signers, some that expire, some that only a part of the signers likes; single ones and
 * bursts at one moment on one key, which is where arrival orders differ.
 */

import { textOf } from '../src/base/bytes.ts';
import { allSigners, height, type SignerId } from '../src/base/ids.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  readonly transactions: number;
  readonly durationMs: number;
}

/** A body names how many signers refuse it: those with a smaller id. */
const bodyOf = (refusedBy: number): string => `refused by ${refusedBy}`;

/** The signers' check of a body; differs between signers, as section 8 allows. */
export function checkBody(signer: SignerId, body: Uint8Array): string | undefined {
  const refusedBy = Number(/^refused by (\d+)$/.exec(textOf(body))?.[1] ?? 0);
  return signer < refusedBy ? 'a body that this signer refuses' : undefined;
}

/** Schedules the workload on a world. */
export function scheduleWorkload(world: World, random: Random, options: WorkloadOptions): void {
  const keys = random.pick([1, 2, 4, 8, 40]);
  const wildcards = random.pick([0, 0.05, 0.2]);
  const burst = random.pick([1, 1, 3, 6]);
  for (let made = 0; made < options.transactions; ) {
    const at = random.integer(0, options.durationMs);
    const key = `k${random.integer(0, keys)}`;
    for (let i = 0; i < burst && made < options.transactions; i++, made++) {
      const dependencies = drawDependencies(random, keys, key, wildcards);
      const delay = burst === 1 ? 0 : random.exponential(1);
      world.schedule.after(at + delay - world.now, () => sendOne(world, random, dependencies));
    }
  }
}

function drawDependencies(
  random: Random,
  keys: number,
  key: string,
  wildcards: number,
): readonly string[] | undefined {
  if (random.chance(wildcards)) return undefined;
  if (random.chance(0.03)) return [];
  return random.chance(0.25) ? [key, `k${random.integer(0, keys)}`] : [key];
}

function sendOne(world: World, random: Random, dependencies: readonly string[] | undefined): void {
  const n = world.nodes.length;
  const refusedBy = random.chance(0.1) ? random.integer(1, n + 1) : 0;
  const expires = random.chance(0.05) ? height(random.integer(0, 20)) : undefined;
  const transaction = world.transaction(
    dependencies,
    bodyOf(refusedBy),
    expires === undefined ? {} : { expires },
  );
  const copies = random.chance(0.1) ? random.integer(2, n + 1) : 1;
  for (const to of random.shuffled(allSigners(n)).slice(0, copies)) world.submit(to, transaction);
}
