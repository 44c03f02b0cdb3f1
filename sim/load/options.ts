/** What a load is asked for, and what is assumed when it is not said: plain data, checked in one place. */

import { z } from 'zod';
import { accept, type Result, refuse } from '../../src/base/result.ts';
import { defaultLimits, type FederationLimits } from '../../src/messages/federation.ts';
import { timersFor } from '../../src/messages/timing.ts';
import { faultsOf, quorumOf } from '../../src/ordering/quorum.ts';
import { layoutOf, subtreeRuns } from '../../src/tree/layout.ts';
import { type NetworkName, networkNames } from '../network/names.ts';

export interface LoadOptions {
  readonly seed: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly network: NetworkName;
  /** Round trip of every link in ms, instead of the network's latencies. */
  readonly rttMs: number | undefined;
  /** Of all that one signer sends, hence of each of its links too, in Mbit/s. */
  readonly uplinkMbps: number;
  readonly fanout: number;
  readonly shape: 'balanced' | 'geographic';
  readonly costs: 'free' | 'measured';
  /** Transactions a second in all. */
  readonly rate: number;
  /** Signers that clients talk to, as far apart in the numbering as possible. */
  readonly ingresses: number;
  /** Bytes of a transaction's body. */
  readonly bytes: number;
  /**
   * Real transactions that one simulated transaction stands for: it is as large as they are together, and
   * charged for as many.
   */
  readonly bundle: number;
  /** Virtual time in which clients start one after the other, before, and while, things are measured. */
  readonly rampMs: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly limits: FederationLimits;
}

const whole = z.int().min(1);
const given = z.strictObject({
  seed: z.string().min(1).default('1'),
  signers: whole.max(1000).default(31),
  byzantine: z.int().min(0).optional(),
  faulty: z.int().min(0).optional(),
  network: z.enum(networkNames).optional(),
  rttMs: z.number().min(0).max(60_000).optional(),
  uplinkMbps: z.number().positive().default(100),
  fanout: whole.max(1000).optional(),
  shape: z.enum(['balanced', 'geographic']).optional(),
  costs: z.enum(['free', 'measured']).default('measured'),
  rate: z.number().positive().max(1e7).default(10_000),
  ingresses: whole.optional(),
  bytes: z.int().min(1).max(100_000).default(100),
  bundle: whole.max(1024).optional(),
  warmUpMs: z.number().min(0).max(1e6).optional(),
  measureMs: z.number().positive().max(1e6).optional(),
  limits: z.partialRecord(z.string(), whole).default({}),
});

export type LoadRequest = z.input<typeof given>;

/** Round trips are 200 ms when no network is named. */
const rttMsDefault = 200;
/** The longest round trip of each network that happens every day, in ms. */
const longestRttMs: Readonly<Record<NetworkName, number>> = { lan: 1, aws: 440, cities: 500 };

/** Clients of a large federation are not everywhere. */
const ingressesWanted = 100;

/** Levels of a tree below its root. */
export const depthOf = ({ signers, fanout }: Pick<LoadOptions, 'signers' | 'fanout'>): number =>
  subtreeRuns(layoutOf(signers, fanout), 0).length - 1;

/**
 * Two levels, whatever the number of signers: the fewest hops with which no signer sends a body to everybody. Far
 * from each other signers wait for hops more than for uplinks.
 */
function fanoutFor(signers: number): number {
  let fanout = 2;
  while (depthOf({ signers, fanout }) > 2) fanout += 1;
  return fanout;
}

/** Steps of single transactions that a run takes without bundles: a minute or so of real time. */
const stepsWanted = 1_000_000;

/** A power of two, so that the simulation has about as much to do however large the load is. */
function bundleFor(transactions: number, signers: number): number {
  let bundle = 1;
  while (bundle < 64 && (transactions * signers) / bundle > stepsWanted) bundle *= 2;
  return bundle;
}

/** Fills in what was not said. The refusal names the field at fault. */
export function loadOptions(request: LoadRequest): Result<LoadOptions> {
  const parsed = given.safeParse(request);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return refuse('LOAD', `${path.join('.') || 'load'}: ${message}`);
  }
  const { network, limits, ...said } = parsed.data;
  const { signers, rate } = said;
  const fanout = said.fanout ?? fanoutFor(signers);
  const numbers = faultsOf(signers, said.byzantine, said.faulty);
  const quorum = quorumOf(signers, numbers.byzantine, numbers.faulty);
  if (!quorum.ok) return quorum;
  const ingresses = said.ingresses ?? Math.min(signers, ingressesWanted);
  if (ingresses > signers) return refuse('LOAD', `ingresses: ${ingresses} of ${signers} signers`);
  const strange = Object.keys(limits).find((name) => !(name in defaultLimits));
  if (strange !== undefined)
    return refuse('LOAD', `limits.${strange}: expected one of ${Object.keys(defaultLimits).join(', ')}`);
  const rttMs = said.rttMs ?? (network === undefined ? rttMsDefault : undefined);
  const rttMsMax = rttMs ?? longestRttMs[network ?? 'lan'];
  const depth = Math.max(1, depthOf({ signers, fanout }));
  const cycleMs = 3 * depth * (rttMsMax / 2);
  // Batches grow until they carry what arrives meanwhile, each by less than the one before.
  const warmUpMs = said.warmUpMs ?? Math.max(500, 8 * cycleMs);
  const measureMs = said.measureMs ?? Math.max(1000, 4 * cycleMs);
  return accept({
    ...said,
    ...numbers,
    network: network ?? 'lan',
    fanout,
    shape: said.shape ?? 'balanced',
    rttMs,
    ingresses,
    rampMs: cycleMs,
    warmUpMs,
    measureMs,
    bundle: said.bundle ?? bundleFor((rate * (warmUpMs + measureMs)) / 1000, signers),
    limits: { ...defaultLimits, ...timersFor(rttMsMax, depth), ...limits },
  });
}
