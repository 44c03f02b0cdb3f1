/**
 * What a simulation is asked for: everything that makes a run what it is, and nothing else. All of it but
 * `checkers`, `schemes` and `watch` is plain data, so a scenario file holds it (sim/scenario.ts), a replay command
 * names it, a URL of the page carries it, and shrinking cuts it down.
 */

import type { SignerId } from '../src/base/ids.ts';
import type { SchemeProvider } from '../src/crypto/scheme.ts';
import type { FederationLimits } from '../src/messages/federation.ts';
import type { AdversaryName, Chosen } from './adversaries/catalog.ts';
import type { Checker } from './checkers/checker.ts';
import type { FaultPlan } from './faults.ts';
import type { Cryptography } from './federation.ts';
import type { LearnersWanted } from './learners/learners.ts';
import type { NetworkName } from './network/names.ts';
import type { World } from './world.ts';

/** One transaction of a client, sent at a moment to one signer or to several. */
export interface Submission {
  /** Virtual time in ms. */
  readonly at: number;
  readonly to: SignerId | readonly SignerId[];
  /** Absent: depends on everything. Empty: on nothing. */
  readonly dependencies?: readonly string[];
  readonly client?: string;
  readonly body?: string;
  /** Block height after which signers reject it. */
  readonly expires?: number;
}

/** One direction of one link with a latency of its own, in ms. */
export interface LinkLatency {
  readonly from: SignerId;
  readonly to: SignerId;
  readonly latencyMs: number;
}

/** A signer that lies, with its strategies and their parameters. */
export interface LiarPlan {
  readonly signer: SignerId;
  readonly strategies: readonly Chosen[];
}

export interface SimulationOptions {
  readonly seed: string;
  readonly signers: number;
  /** `f` and `t` of the federation. */
  readonly byzantine: number;
  readonly faulty: number;
  /** Default `lan`. */
  readonly network?: NetworkName;
  /** Round trip of every link in ms, without jitter, instead of the network's latencies. */
  readonly rttMs?: number;
  /** Bandwidth of every link, and of everything that one signer sends, in Mbit/s; default unlimited. */
  readonly bandwidthMbps?: number;
  readonly uplinkMbps?: number;
  /** Links that differ from the network. */
  readonly links?: readonly LinkLatency[];
  /** `free`: computing takes no time. `measured`: every step and check takes what was measured. Default `free`. */
  readonly costs?: 'free' | 'measured';
  /** `fast` is the declared mode in which signatures are hashes; `bls` and `list` are real. Default `fast`. */
  readonly crypto?: Cryptography;
  /** Whether messages are encoded and decoded on their way, as on a real connection. Default true. */
  readonly wire?: boolean;
  /** Whether the bytes of messages are counted without the wire too. */
  readonly countBytes?: boolean;
  /** Added to the engine's own slack; anything but 0 is an experiment. */
  readonly extraSlack?: number;
  /** Share of n that a score must reach, instead of the engine's own threshold: an experiment. */
  readonly threshold?: number;
  /** Signers that lie; default 1 to `byzantine`, drawn from the seed. */
  readonly liars?: number;
  /** Strategies of every liar; default `random`: one to three, drawn from the seed. A plan names each liar. */
  readonly adversaries?: 'random' | 'none' | readonly AdversaryName[] | readonly LiarPlan[];
  readonly faults?: 'random' | 'none' | FaultPlan;
  /** Federation limits that are not left to the seed. */
  readonly limits?: Partial<FederationLimits>;
  /** Children of a tree node; default drawn from the seed. */
  readonly fanout?: number;
  readonly transactions?: number;
  /** Share of transactions on one common key, all others on keys of their own; default: a wild mix. */
  readonly conflict?: number;
  /** Instead of a workload drawn from the seed. */
  readonly submissions?: readonly Submission[];
  /** Virtual time with faults, in ms. */
  readonly durationMs?: number;
  /** Virtual time in ms within which everything must be ordered once faults end. */
  readonly progressMs?: number;
  /** Learners that follow the honest signers, for the checkers to compare; default `some` beside faults or liars. */
  readonly learners?: LearnersWanted;
  readonly checkers?: readonly Checker[];
  /** Faster implementations of the real schemes than the portable ones: the same bytes, so the same trace. */
  readonly schemes?: readonly SchemeProvider[];
  /** Called with the world before it starts, to watch it or to stage something in it. */
  readonly watch?: (world: World) => void;
}

/** What options leave to the seed, drawn. */
export interface Drawn {
  readonly limits: Partial<FederationLimits>;
  readonly fanout: number;
  readonly liars: readonly LiarPlan[];
  readonly faults: FaultPlan;
  readonly submissions: readonly Submission[];
  readonly learners: LearnersWanted;
}
