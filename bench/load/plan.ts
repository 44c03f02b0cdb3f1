/** What a load process is told, and what it tells: messages between the bench and its load processes. */

import type { EtcdClient } from '../etcd/connection.ts';
import type { HistogramJson } from '../histogram.ts';

/** Which keys transactions depend on: each one of its own, or one of `count`, all alike or Zipf's. */
export type KeyPlan =
  | { readonly kind: 'distinct' }
  | { readonly kind: 'uniform'; readonly count: number }
  | { readonly kind: 'zipf'; readonly count: number; readonly exponent: number };

export interface LoadPlan {
  readonly system: 'musig-paxos' | 'etcd';
  /** Base URLs to send to; what is outstanding is dealt over them. */
  readonly at: readonly string[];
  /** Base URLs of all signers: the client's choice when one fails. */
  readonly all: readonly string[];
  /** Text of the federation file; empty for etcd. */
  readonly federation: string;
  /** Under way at once in this process; with a rate, at most. */
  readonly outstanding: number;
  /** Transactions a second of this process, sent whatever comes back; undefined for a closed loop. */
  readonly ratePerSecond: number | undefined;
  readonly poisson: boolean;
  readonly bytes: number;
  readonly keys: KeyPlan;
  /** Percent of the transactions that depend on the one hot key instead. */
  readonly conflictPercent: number;
  readonly awaited: 'score' | 'order';
  /** Bodies are operations on documents, for a learner with something to do. */
  readonly documents: boolean;
  readonly etcdClient: EtcdClient;
  /** Of keys and send times; differs between processes. */
  readonly seed: string;
}

export type ToLoad =
  | { readonly type: 'plan'; readonly plan: LoadPlan }
  /** Start at once; count what is in [fromMs, toMs) of the shared clock. */
  | { readonly type: 'go'; readonly fromMs: number; readonly toMs: number }
  /** Check what was kept and report, now that nothing is measured any more. */
  | { readonly type: 'report' };

export interface LoadResult {
  /** Confirmed in the window, whenever they were due; the other counts are of those that latencies count. */
  readonly confirmed: number;
  readonly score: number;
  readonly order: number;
  /** Receipts that say so; for etcd none. */
  readonly rejected: number;
  readonly failed: number;
  /** The first few reasons. */
  readonly failures: readonly string[];
  readonly latency: HistogramJson;
  /** Receipts kept from the run and verified once more, offline, after it. */
  readonly verifiedAgain: number;
}

export type FromLoad =
  /** It listens: what is sent to it before is lost. */
  | { readonly type: 'listening' }
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly result: LoadResult }
  | { readonly type: 'error'; readonly message: string };
