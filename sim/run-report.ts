/** What a simulation says when it is over: figures, findings, and how to run it again. */

import type { SignerId, TransactionId } from '../src/base/ids.ts';
import type { FederationLimits } from '../src/messages/federation.ts';
import type { Finding, Verdict } from './checkers/checker.ts';
import { type Fairness, fairnessOf } from './checkers/fairness.ts';
import type { History } from './checkers/history.ts';
import type { FaultPlan } from './faults.ts';
import type { Drawn, LiarPlan, SimulationOptions } from './options.ts';
import { replayCommand } from './replay-command.ts';
import type { World } from './world.ts';

export interface LatencyMs {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What one honest signer sent and computed in the whole run. */
export interface PerSigner {
  readonly messagesMean: number;
  readonly messagesMax: number;
  /** 0 when bytes were not counted. */
  readonly bytesMean: number;
  readonly bytesMax: number;
  /** 0 when computing was free. */
  readonly cpuMsMean: number;
}

export interface Report {
  readonly seed: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly network: string;
  readonly liars: readonly LiarPlan[];
  readonly faults: FaultPlan;
  readonly limits: Partial<FederationLimits>;
  readonly events: number;
  readonly messages: number;
  readonly perSigner: PerSigner;
  readonly virtualMs: number;
  readonly traceHash: string;
  readonly height: number;
  /** Transactions that clients sent. */
  readonly transactions: number;
  /** How each became final first, at any honest signer; `open`: not at all. */
  readonly finality: { readonly score: number; readonly order: number; readonly open: number };
  readonly checks: Readonly<Record<string, Verdict>>;
  /** Why a check is not ok. */
  readonly objections: Readonly<Record<string, readonly string[]>>;
  /** Signers that some evidence names. */
  readonly blamed: readonly SignerId[];
  /** Virtual time from submission to the first delivery at an honest signer. */
  readonly latencyMs: LatencyMs;
  /** How often the order is what honest signers saw. */
  readonly fairness: Fairness;
  /** The command that runs this again. */
  readonly replay: string;
}

/** Every check is ok. */
export const passed = (report: Report): boolean =>
  Object.values(report.checks).every((verdict) => verdict === 'ok');

/** The first delivery of each transaction at any honest signer. */
function firstDeliveries(history: History): Map<TransactionId, { at: number; finality: 'score' | 'order' }> {
  const first = new Map<TransactionId, { at: number; finality: 'score' | 'order' }>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'delivered') {
      const { batch, finality, void: isVoid } = entry.event.delivery;
      for (const id of isVoid ? [] : batch.transactionIds)
        if (!first.has(id)) first.set(id, { at: entry.at, finality });
    }
  return first;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function perSignerOf(world: World): PerSigner {
  const honest = world.nodes.filter((node) => !world.byzantine.has(node.signer.id));
  const messages = honest.map((node) => world.network.messagesOf[node.signer.id]!);
  const bytes = honest.map((node) => world.network.bytesOf[node.signer.id]!);
  return {
    messagesMean: mean(messages),
    messagesMax: Math.max(0, ...messages),
    bytesMean: mean(bytes),
    bytesMax: Math.max(0, ...bytes),
    cpuMsMean: mean(honest.map((node) => node.cpuMs)),
  };
}

export function reportOf(
  options: SimulationOptions,
  world: World,
  history: History,
  findings: readonly Finding[],
  drawn: Drawn,
): Report {
  const first = firstDeliveries(history);
  const latencies: number[] = [];
  const finality = { score: 0, order: 0, open: 0 };
  for (const [id, { at }] of world.submitted) {
    const delivered = first.get(id);
    finality[delivered?.finality ?? 'open'] += 1;
    if (delivered) latencies.push(delivered.at - at);
  }
  latencies.sort((a, b) => a - b);
  const blamed = new Set<SignerId>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'evidence') blamed.add(entry.event.evidence.signer);
  return {
    seed: options.seed,
    signers: options.signers,
    byzantine: options.byzantine,
    faulty: options.faulty,
    network: options.network ?? 'lan',
    liars: drawn.liars,
    faults: drawn.faults,
    limits: drawn.limits,
    events: world.schedule.count,
    messages: world.network.sent,
    perSigner: perSignerOf(world),
    virtualMs: world.now,
    traceHash: world.traceHash(),
    height: Math.max(0, ...history.finals.map((one) => one.blocks.length)),
    transactions: world.submitted.size,
    finality,
    checks: Object.fromEntries(findings.map(({ name, verdict }) => [name, verdict])),
    objections: Object.fromEntries(
      findings.filter(({ details }) => details.length > 0).map(({ name, details }) => [name, details]),
    ),
    blamed: [...blamed].sort((a, b) => a - b),
    latencyMs: {
      p50: quantile(latencies, 0.5),
      p90: quantile(latencies, 0.9),
      p99: quantile(latencies, 0.99),
    },
    fairness: fairnessOf(history),
    replay: replayCommand(options),
  };
}
