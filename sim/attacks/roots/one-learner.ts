/**
 * A root shows its certificate to one signer, then silence (class 3). The signer that was shown it may
 * deliver; all others accepted the batch and know nothing. The goal is that what was shown is contradicted
 * later, or that the others never find it.
 */

import { allSigners, type BatchId, type SignerId } from '../../../src/base/ids.ts';
import { Cabal } from '../../adversaries/cabal.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import {
  boundOf,
  disagreeing,
  type Judgement,
  judged,
  liarsWith,
  parameterOf,
  type StagedRun,
  sceneOf,
} from '../stage.ts';

/** Default bound, in times of a view. */
const views = 5;
const bound = {
  name: 'boundMs',
  initial: 0,
  min: 0,
  about: `ms within which all honest signers must follow; 0: ${views} times that of a view`,
};
const silence = {
  name: 'silentMs',
  initial: 1_000_000,
  min: 0,
  about: 'how long the root is silent, in ms',
};

/**
 * How much later than the liar's batch its rival comes, in ms: late enough that everybody voted for the batch
 * first, early enough that it is not ordered yet where nobody was shown the certificate.
 */
const rivalMs: Record<AttackOptions['network'], number> = { lan: 6, aws: 800, cities: 1000 };
const atMs = 20;

export const oneLearner: Attack = {
  name: 'one-learner',
  group: 3,
  about: 'a root shows the certificate of its batch to one signer and falls silent for ever',
  goal: 'what the one signer delivered is contradicted, or others deliver it later than the bound',
  rules: ['engine'],
  parameters: [bound, silence],
  trial(options: AttackOptions): Trial {
    const boundMs = boundOf(options, parameterOf(options, bound), views);
    const parameters = { to: 'audience', silentMs: parameterOf(options, silence) };
    const gapMs = rivalMs[options.network];
    const submissions = Array.from({ length: Math.max(1, options.liars) }, (_, i) => [
      { at: atMs, to: i as SignerId, dependencies: [`shared ${i}`] },
      { at: atMs + gapMs, to: (options.signers - 1) as SignerId, dependencies: [`shared ${i}`] },
    ]).flat();
    return judged(
      options,
      {
        ...sceneOf(options),
        adversaries: liarsWith(options, [{ name: 'shown-to-one', parameters }]),
        submissions,
        durationMs: 500 + 2 * gapMs,
        progressMs: 2 * boundMs,
      },
      (run) => judge(run, options, boundMs),
      'A certificate shown to one signer, then silence',
    );
  },
};

interface Following {
  /** Longest time in ms from the first delivery of a batch to the last. */
  readonly delayMs: number;
  /** Batches that some honest signers never delivered. */
  readonly lost: number;
  /** Batches of liars that the one signer delivered alone: before any message of its own could reach another. */
  readonly shownAlone: number;
}

function followingOf({ history, world }: StagedRun, { liars }: AttackOptions): Following {
  // The plan that the liars of this run drew.
  const { audience, honest } = new Cabal(world, allSigners(liars), world.random.stream('cabal'));
  const hopMs = Math.max(...honest.map((to) => world.network.latencyMs(audience, to)));
  const times = new Map<BatchId, Map<SignerId, number>>();
  const byLiars = new Set<BatchId>();
  for (const entry of history.entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'delivered') continue;
    const { batch } = entry.event.delivery;
    const known = times.get(batch.id) ?? new Map<SignerId, number>();
    times.set(batch.id, known.set(entry.node, known.get(entry.node) ?? entry.at));
    if (batch.header.ingress < liars) byLiars.add(batch.id);
  }
  const isAlone = (id: BatchId): boolean => {
    const mine = times.get(id)!.get(audience) ?? Number.POSITIVE_INFINITY;
    return [...times.get(id)!].every(([node, at]) => node === audience || at > mine + hopMs);
  };
  return {
    delayMs: Math.max(
      0,
      ...[...times.values()].map((one) => Math.max(...one.values()) - Math.min(...one.values())),
    ),
    lost: [...times.values()].filter((one) => one.size < history.honest.size).length,
    shownAlone: [...byLiars].filter(isAlone).length,
  };
}

function judge(run: StagedRun, options: AttackOptions, boundMs: number): Judgement {
  const names = disagreeing(run);
  if (names.length > 0) return { reached: true, reason: `contradicted: ${names.join(', ')}` };
  const { delayMs, lost, shownAlone } = followingOf(run, options);
  const figures = { delayMs, undelivered: lost, shownAlone, boundMs };
  if (lost > 0 || run.history.progress?.reached === false)
    return {
      reached: true,
      reason: `not everything was delivered everywhere: ${lost} batches here and not there`,
      figures,
    };
  if (delayMs <= boundMs && shownAlone === 0)
    throw new Error('nobody delivered a batch that only one signer was shown');
  return {
    reached: delayMs > boundMs,
    reason: `the last honest signer follows ${delayMs.toFixed(1)} ms after the first`,
    figures,
  };
}
