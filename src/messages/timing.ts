/**
 * Timers for a network: how long a tree level, a view and a checkpoint take when nothing is wrong follows from
 * the round trip and the depth of the tree, and a timer must be longer. One that is shorter costs no safety, but
 * every batch then goes out again, and no leader finishes. Protocol sections 3, 6 and 9.
 */

import { defaultLimits, type FederationLimits } from './federation.ts';

/**
 * Timers that suit a federation; never below the defaults.
 * @param rttMs the longest round trip between two signers that happens every day.
 * @param depth levels of a tree below its root, at least 1.
 */
export function timersFor(
  rttMs: number,
  depth: number,
): Pick<FederationLimits, 'levelTimeoutMs' | 'viewTimeoutMs' | 'checkpointAfterMs'> {
  // A batch goes one level down and its votes come back up; bodies wait for uplinks, and everything for processors.
  const levelMs = 4 * rttMs;
  // From one QC to the next: a proposal down the whole tree, and the signatures up again.
  const viewMs = depth * rttMs;
  return {
    levelTimeoutMs: Math.ceil(Math.max(defaultLimits.levelTimeoutMs, levelMs)),
    viewTimeoutMs: Math.ceil(Math.max(defaultLimits.viewTimeoutMs, 5 * viewMs)),
    // A checkpoint is proposed at half of this; it takes two views and a way down until everybody has it.
    checkpointAfterMs: Math.ceil(Math.max(defaultLimits.checkpointAfterMs, 5 * viewMs)),
  };
}
