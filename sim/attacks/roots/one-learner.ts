/**
 * A root shows its certificate to one signer, then silence (class 3). The signer that was shown it may
 * deliver; all others accepted the batch and know nothing. The goal is that what was shown is contradicted
 * later, or that the others never find it.
 */

import type { SignerId } from '../../../src/base/ids.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { broken, type Judgement, judged, liarsWith, parameterOf, type StagedRun, sceneOf } from '../stage.ts';

const bound = { name: 'boundMs', initial: 8000, about: 'ms within which all honest signers must follow' };
const silence = { name: 'silentMs', initial: 1_000_000, about: 'how long the root is silent, in ms' };

export const oneLearner: Attack = {
  name: 'one-learner',
  group: 3,
  about: 'a root shows the certificate of its batch to one signer and falls silent for ever',
  goal: 'what the one signer delivered is contradicted, or others deliver it later than the bound',
  rules: ['engine'],
  parameters: [bound, silence],
  trial(options: AttackOptions): Trial {
    const boundMs = parameterOf(options, bound);
    const parameters = { to: 'audience', silentMs: parameterOf(options, silence) };
    const submissions = Array.from({ length: Math.max(1, options.liars) }, (_, i) => [
      { at: 20, to: i as SignerId, dependencies: ['shared'] },
      { at: 20.1, to: (options.signers - 1) as SignerId, dependencies: ['shared'] },
    ]).flat();
    return judged(
      options,
      {
        ...sceneOf(options),
        adversaries: liarsWith(options, [{ name: 'shown-to-one', parameters }]),
        submissions,
        durationMs: 500,
        progressMs: 2 * boundMs,
      },
      (run) => judge(run, boundMs),
      'A certificate shown to one signer, then silence',
    );
  },
};

function judge(run: StagedRun, boundMs: number): Judgement {
  const names = broken(run);
  if (names.length > 0) return { reached: true, reason: `contradicted: ${names.join(', ')}` };
  const { history } = run;
  const first = new Map<string, number>();
  const heard = new Map<string, Set<SignerId>>();
  let delayMs = 0;
  for (const entry of history.entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'delivered') continue;
    const { id } = entry.event.delivery.batch;
    first.set(id, first.get(id) ?? entry.at);
    heard.set(id, (heard.get(id) ?? new Set()).add(entry.node));
    delayMs = Math.max(delayMs, entry.at - first.get(id)!);
  }
  const lost = [...heard.values()].filter((nodes) => nodes.size < history.honest.size).length;
  const figures = { delayMs, undelivered: lost, boundMs };
  if (lost > 0 || history.progress?.reached === false)
    return {
      reached: true,
      reason: `not everything was delivered everywhere: ${lost} batches here and not there`,
      figures,
    };
  return {
    reached: delayMs > boundMs,
    reason: `the last honest signer follows ${delayMs.toFixed(1)} ms after the first`,
    figures,
  };
}
