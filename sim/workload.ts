/**
 * What clients do in a simulation: transactions on few or many keys, on everything or on nothing, some
 * sent to several signers, some that expire, some that only a part of the signers likes; single ones and
 * bursts at one moment on one key, which is where arrival orders differ. Drawn before the run, as data.
 */

import { textOf } from '../src/base/bytes.ts';
import { allSigners, height, type SignerId } from '../src/base/ids.ts';
import type { Submission } from './options.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface WorkloadOptions {
  readonly signers: number;
  readonly transactions: number;
  readonly durationMs: number;
  /** Share of transactions on one common key, the others on keys of their own; default drawn: mixed keys. */
  readonly conflict?: number | undefined;
}

/** What the document machine of learners does with a transaction, on the documents that it declares. */
function operationsOn(random: Random, dependencies: readonly string[] | undefined): readonly object[] {
  const ids = dependencies && dependencies.length > 0 ? dependencies : [`k${random.integer(0, 4)}`];
  return [...new Set(ids)].flatMap((id): readonly object[] => {
    const value = random.integer(0, 100);
    const member = `m${random.integer(0, 3)}`;
    return random.pick<readonly object[]>([
      [{ op: 'create', id, document: { [member]: value, kept: true } }],
      [{ op: 'update', id, document: { [member]: [value, null] } }],
      [{ op: 'patch', id, patch: { [member]: { deep: value }, kept: null } }],
      [{ op: 'patch', id, patch: { [member]: null, other: 'x' } }],
      [{ op: 'delete', id }],
      [
        { op: 'create', id, document: value },
        { op: 'patch', id, patch: { after: value } },
      ],
    ]);
  });
}

/** Operations on documents; the author names how many signers refuse it: those with a smaller id. */
const bodyOf = (ops: readonly object[], refusedBy: number): string =>
  JSON.stringify({ ops, author: `refused by ${refusedBy}` });

/** The signers' check of a body; differs between signers, as section 8 allows. */
export function checkBody(signer: SignerId, body: Uint8Array): string | undefined {
  const refusedBy = Number(/refused by (\d+)/.exec(textOf(body))?.[1] ?? 0);
  return signer < refusedBy ? 'a body that this signer refuses' : undefined;
}

/** Draws what clients send, in order of time. */
export function planWorkload(random: Random, options: WorkloadOptions): Submission[] {
  const plan =
    options.conflict === undefined
      ? mixedWorkload(random, options)
      : evenWorkload(random, options, options.conflict);
  return plan.sort((a, b) => a.at - b.at);
}

/** For measurements: one plain transaction at a time, evenly spread over time and signers. */
function evenWorkload(random: Random, options: WorkloadOptions, conflict: number): Submission[] {
  const { signers, transactions, durationMs } = options;
  return Array.from({ length: transactions }, (_, i) => ({
    at: (i * durationMs) / transactions,
    to: random.integer(0, signers) as SignerId,
    dependencies: [random.chance(conflict) ? 'shared' : `own ${i}`],
  }));
}

/** For finding faults: everything that clients may do. */
function mixedWorkload(random: Random, options: WorkloadOptions): Submission[] {
  const keys = random.pick([1, 2, 4, 8, 40]);
  const wildcards = random.pick([0, 0.05, 0.2]);
  const burst = random.pick([1, 1, 3, 6]);
  const plan: Submission[] = [];
  while (plan.length < options.transactions) {
    const at = random.integer(0, options.durationMs);
    const key = `k${random.integer(0, keys)}`;
    for (let i = 0; i < burst && plan.length < options.transactions; i++) {
      const dependencies = drawDependencies(random, keys, key, wildcards);
      const delay = burst === 1 ? 0 : random.exponential(1);
      plan.push(drawSubmission(random, options.signers, at + delay, dependencies));
    }
  }
  return plan;
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

function drawSubmission(
  random: Random,
  signers: number,
  at: number,
  dependencies: readonly string[] | undefined,
): Submission {
  const refusedBy = random.chance(0.1) ? random.integer(1, signers + 1) : 0;
  const expires = random.chance(0.05) ? random.integer(0, 20) : undefined;
  const copies = random.chance(0.1) ? random.integer(2, signers + 1) : 1;
  return {
    at,
    to: random.shuffled(allSigners(signers)).slice(0, copies),
    ...(dependencies && { dependencies }),
    body: bodyOf(operationsOn(random, dependencies), refusedBy),
    ...(expires !== undefined && { expires }),
  };
}

/** Schedules on a world what its clients send. */
export function scheduleSubmissions(world: World, submissions: readonly Submission[]): void {
  for (const { at, to, dependencies, body, expires, client } of submissions)
    world.schedule.after(at - world.now, () => {
      const transaction = world.transaction(dependencies, body ?? '', {
        ...(expires !== undefined && { expires: height(expires) }),
        ...(client !== undefined && { client }),
      });
      for (const signer of typeof to === 'number' ? [to] : to) world.submit(signer, transaction);
    });
}
