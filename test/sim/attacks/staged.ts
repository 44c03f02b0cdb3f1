/** Attacks as their tests stage them: small, on a LAN, against the engine. */

import type { Attack, AttackOptions, Trial } from '../../../sim/attacks/attack.ts';
import type { Shape } from '../support.ts';

/** One trial; liars default to `f`. */
export function trial(attack: Attack, shape: Shape, rest: Partial<AttackOptions> = {}): Trial {
  const [signers, byzantine, faulty] = shape;
  return attack.trial({
    seed: 'staged-0',
    rule: 'engine',
    signers,
    byzantine,
    faulty,
    liars: byzantine,
    network: 'lan',
    parameters: {},
    ...rest,
  });
}
