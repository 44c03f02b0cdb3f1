/** What the bench needs of a system that it measures. One object is one fresh start. */

import type { LoadPlan } from '../load/plan.ts';
import type { Watched } from '../memory.ts';
import type { Child } from '../processes/child.ts';

export interface SystemUnderTest {
  readonly name: LoadPlan['system'];
  /** Base URLs of all its servers. */
  readonly all: readonly string[];
  /** Those that the load goes to. */
  readonly at: readonly string[];
  /** Each load process deals its writes over all of `at`; else it talks to one of them. */
  readonly dealt: boolean;
  /** Running servers, whose processor time counts. */
  readonly servers: readonly Child[];
  /** Text of the federation file; empty for others. */
  readonly federation: string;
  /** Processes whose memory may be watched from inside. */
  readonly watched: readonly Watched[];
  /** How much each server has synced and verified so far, where it says so. */
  counters(): Promise<readonly ServerCounters[]>;
  stop(): Promise<void>;
}

export interface ServerCounters {
  readonly syncs: number;
  readonly signatureChecks: number;
}
