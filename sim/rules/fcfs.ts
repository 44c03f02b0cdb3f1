/**
 * First come, first served, by a leader: whatever it says it accepted, in that order. A yardstick: nothing is
 * fairer when the leader is honest and near, and nothing is easier to abuse when it is not.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Arrivals } from './arrivals.ts';

/** The order that a leader's own arrivals give; nothing of what it did not report. */
export const fcfsOrder = (arrivals: Arrivals, leader: SignerId): readonly BatchId[] =>
  (arrivals.find((report) => report.signer === leader)?.order ?? []).map((arrival) => arrival.id);
