/** An attack that is decided by arithmetic, so that a test knows what a sweep of it must find. */

import type { Attack, AttackOptions, Trial } from '../../../sim/attacks/attack.ts';
import { Random } from '../../../sim/random.ts';
import type { FindAttack } from '../../../sim/sweep/file.ts';

function trial({ seed, rule, liars, signers, threshold = 1, parameters }: AttackOptions): Trial {
  const { chance = 0.5, breaks = '' } = parameters;
  if (seed.endsWith(String(breaks)) && breaks !== '') throw new Error('the fake broke, as it was told');
  const drawn = new Random(`${seed}/fake`).unit();
  const succeeded = rule === 'source' && liars / signers > 1 - threshold && drawn < Number(chance);
  return {
    outcome: succeeded ? 'succeeded' : 'failed',
    reason: succeeded ? 'it was easy, "as always"' : 'not today',
    blamed: [],
    liars: [],
    violated: [],
    figures: { delayMs: 10 * liars + drawn },
    traceHash: `hash of ${seed}`,
  };
}

const fake: Attack = {
  name: 'fake',
  group: 0,
  about: 'A fake.',
  goal: 'None.',
  rules: ['engine', 'source'],
  parameters: [
    { name: 'chance', initial: 0.5, about: 'chance of success' },
    { name: 'breaks', initial: '', about: 'end of the seeds that break it' },
  ],
  trial,
};

export const findFake: FindAttack = (name) => (name === 'fake' ? fake : undefined);

export const fakeSweep = `
title = "A fake sweep"
about = "For tests."
kind = "attack"
attack = "fake"
trials = 12
seed = "fake"

[fixed]
signers = 10
byzantine = 3

[cross]
liars = [0, 2, 3]
variant = [
  { label = "engine", rule = "engine" },
  { label = "source, 75%", rule = "source", threshold = 0.75, chance = 0.8 },
]

[[plot]]
title = "Success"
x = "liarShare"
y = "success"
series = "variant"
xPercent = true
yPercent = true
`;
