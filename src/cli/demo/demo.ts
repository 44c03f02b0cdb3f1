/**
 * `npm run demo`: a real federation on real input. Four signers and a learner start as processes of their
 * own, clients send the workload through all signers at once, one signer is killed and comes back, and at
 * the end everything is held against a single-threaded replay of the verified order.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../client/client.ts';
import { connectNode } from '../../client/node.ts';
import { nodeSignatures } from '../../crypto/ed25519-node.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';
import type { Receipt } from '../../messages/receipt.ts';
import { openFederation } from '../../verify/federation.ts';
import { type SeenParts, verifyReceipt } from '../../verify/receipt.ts';
import type { Verifier } from '../../verify/verifier.ts';
import { CommandFailure, orFail } from '../fail.ts';
import { type Audit, auditOrder, misplaced } from './audit.ts';
import { Cluster } from './cluster.ts';
import { type LoadResult, percentile, runLoad } from './load.ts';
import { type DemoSummary, formatSummary } from './summary.ts';
import { defaultWorkload, readWorkload, type WorkloadLine } from './workload.ts';

export interface DemoOptions {
  readonly workload?: string | undefined;
  readonly inFlight?: number | undefined;
  /** Keeps the directory with logs and data. */
  readonly keep?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const signers = 4;
const victim = 2;
const inFlightDefault = 200;
const transactionTimeoutMs = 60_000;
const settleMs = 30_000;

/** Says what happens, on stderr: stdout is for the summary. */
type Say = (text: string) => void;

/** Runs the demo. @throws CommandFailure when something does not add up. */
export async function demoCommand(
  options: DemoOptions,
): Promise<{ readonly text: string; readonly json: DemoSummary }> {
  const lines = orFail(await readWorkload(options.workload ?? defaultWorkload()));
  const say: Say = options.json ? () => undefined : (text) => process.stderr.write(`${text}\n`);
  const directory = await mkdtemp(join(tmpdir(), 'musig-paxos-demo-'));
  const cluster = await Cluster.create({ directory, signers });
  const stop = async (): Promise<never> => {
    await cluster.stop();
    process.exit(130);
  };
  process.once('SIGINT', stop);
  try {
    const json = await runDemo(cluster, lines, options.inFlight ?? inFlightDefault, say);
    return { text: formatSummary(json), json };
  } catch (error) {
    const reasons = [error instanceof Error ? error.message : String(error), ...cluster.failures];
    throw new CommandFailure(`demo: ${reasons.join('\n')}\nlogs: ${directory}`);
  } finally {
    process.off('SIGINT', stop);
    await cluster.stop();
    if (options.keep) say(`kept: ${directory}`);
    else if (cluster.failures.length === 0) await rm(directory, { recursive: true, force: true });
  }
}

async function runDemo(
  cluster: Cluster,
  lines: readonly WorkloadLine[],
  inFlight: number,
  say: Say,
): Promise<DemoSummary> {
  say(`starting ${signers} signers and a learner on loopback`);
  await cluster.start();
  const federation = await cluster.federationText();
  const verifier = orFail(openFederation(federation, nodeSchemes, nodeSignatures));
  const client = connectNode({ federation: verifier, signers: cluster.urls });
  try {
    say(`sending ${lines.length} transactions, ${inFlight} in flight`);
    const { load, restarted } = await loadAndPull(cluster, lines, inFlight, client, say);
    const evidence = await evidenceOf(cluster);
    say('checking: the verified order, replayed by one thread, against the learner');
    return await judge(cluster, { load, restarted, evidence, verifier, client, lines });
  } finally {
    client.close();
  }
}

/** Sends the workload; a third on the way one signer is killed, and comes back a while later. */
async function loadAndPull(
  cluster: Cluster,
  lines: readonly WorkloadLine[],
  inFlight: number,
  client: Client,
  say: Say,
): Promise<{ load: LoadResult; restarted: boolean }> {
  let pulled: Promise<boolean> | undefined;
  let shown = 0;
  const pull = async (): Promise<boolean> => {
    await cluster.killSigner(victim);
    say(`signer-${victim} killed with SIGKILL`);
    await sleep(1500);
    await cluster.startSigner(victim);
    say(`signer-${victim} is back`);
    return true;
  };
  const load = await runLoad({
    lines,
    client,
    inFlight,
    timeoutMs: transactionTimeoutMs,
    progress: (done) => {
      if (!pulled && done >= lines.length / 3) {
        pulled = pull();
        pulled.catch(() => undefined);
      }
      const tenth = Math.floor((10 * done) / lines.length);
      if (tenth > shown) say(`${String(done).padStart(7)} of ${lines.length} final`);
      shown = Math.max(shown, tenth);
    },
  });
  return { load, restarted: (await pulled) ?? false };
}

interface Run {
  readonly load: LoadResult;
  readonly restarted: boolean;
  readonly evidence: readonly unknown[];
  readonly verifier: Verifier;
  readonly client: Client;
  readonly lines: readonly WorkloadLine[];
}

/** Holds everything against the verified order. @throws naming what does not add up. */
async function judge(cluster: Cluster, run: Run): Promise<DemoSummary> {
  const { load, lines, verifier } = run;
  const ordered = await Promise.all(load.submitted.map((one) => one.ordered));
  const height = Math.max(...ordered.map((receipt) => heightOf(receipt)));
  const audit = await auditOrder(run.client, height);
  const missing = misplaced(
    audit,
    load.receipts.map((receipt) => receipt.transaction),
  );
  if (missing.length > 0)
    throw new Error(`${missing.length} acknowledged transactions are not in the order once`);
  if (load.receipts.length !== lines.length)
    throw new Error(`${load.receipts.length} receipts for ${lines.length}`);
  const learner = await learnerRoot(cluster, audit);
  if (learner !== audit.root)
    throw new Error(`the learner's state root ${learner} is not the replay's ${audit.root}`);
  const receipts = [...load.receipts, ...ordered];
  const seen: SeenParts = new WeakSet();
  const refused = receipts
    .map((receipt) => verifyReceipt(receipt, verifier, seen))
    .find((result) => !result.ok);
  if (refused && !refused.ok) throw new Error(`a receipt does not verify: ${refused.error.message}`);
  const count = (finality: string): number => load.receipts.filter((one) => one.finality === finality).length;
  return {
    transactions: load.receipts.length,
    documents: audit.documents,
    finality: { score: count('score'), order: count('order') },
    outcomes: audit.outcomes,
    throughputPerSecond: Math.round(load.receipts.length / load.seconds),
    latencyMs: {
      p50: round(percentile(load.latenciesMs, 0.5)),
      p90: round(percentile(load.latenciesMs, 0.9)),
      p99: round(percentile(load.latenciesMs, 0.99)),
    },
    seconds: round(load.seconds),
    blocks: audit.height,
    signerRestarted: run.restarted,
    stateRoots: { learner, replay: audit.root },
    receiptsVerified: receipts.length,
    evidence: run.evidence,
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;

const heightOf = (receipt: Receipt): number =>
  receipt.finality === 'order' ? receipt.proof.chain.blocks[0]!.height : 0;

/** The learner's state root once it has applied everything. */
async function learnerRoot(cluster: Cluster, audit: Audit): Promise<string> {
  const deadline = Date.now() + settleMs;
  const { url } = cluster.summary.learner;
  let last: unknown;
  while (Date.now() < deadline) {
    const status = (await fetch(`${url}/v1/status?root=1`).then((response) => response.json())) as {
      height: number;
      stateRoot?: string;
    };
    last = status;
    if (status.height >= audit.height && status.stateRoot === audit.root) return status.stateRoot;
    await sleep(100);
  }
  const root = (last as { stateRoot?: string } | undefined)?.stateRoot;
  return root ?? 'unknown';
}

/** Evidence that any signer holds; an honest federation has none. */
async function evidenceOf(cluster: Cluster): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const url of cluster.urls) {
    const status = (await fetch(`${url}/v1/status`).then((response) => response.json())) as {
      evidence: number;
    };
    if (status.evidence > 0) found.push({ url, pieces: status.evidence });
  }
  return found;
}
