/**
 * Real processes on loopback: SIGKILL of any signer and of the learner at random moments under load, ten
 * times. At the end the learners have one state root, equal to a single-threaded replay of the verified
 * order, and every acknowledged transaction stands in the order exactly once.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../../sim/random.ts';
import type { TransactionId } from '../../src/base/ids.ts';
import { auditOrder, misplaced } from '../../src/cli/demo/audit.ts';
import { Cluster } from '../../src/cli/demo/cluster.ts';
import { orFail } from '../../src/cli/fail.ts';
import type { Client } from '../../src/client/client.ts';
import { connectNode } from '../../src/client/node.ts';
import { nodeSignatures } from '../../src/crypto/ed25519-node.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';
import { documentDependencies, encodeOperations, type Operation } from '../../src/peer/machine/documents.ts';
import { openFederation } from '../../src/verify/federation.ts';

const seed = process.env.SEED ?? 'kill-1';
const signers = 4;
const kills = 10;
const documents = 40;

interface Load {
  readonly acknowledged: Set<TransactionId>;
  stop(): Promise<void>;
}

/** Creates and patches documents until it is stopped, with some transactions over two documents. */
function startLoad(client: Client, random: Random, workers: number): Load {
  const acknowledged = new Set<TransactionId>();
  let running = true;
  let count = 0;
  const one = async (): Promise<void> => {
    const touch = (): Operation => {
      const id = `document-${random.integer(0, documents)}`;
      return random.chance(0.2)
        ? { op: 'create', id, document: { created: count } }
        : { op: 'patch', id, patch: { [`field-${random.integer(0, 5)}`]: count } };
    };
    count += 1;
    const operations = random.chance(0.15) ? [touch(), touch()] : [touch()];
    const submitted = client.submit(encodeOperations(operations), {
      deps: documentDependencies(operations),
      timeoutMs: 90_000,
    });
    await submitted.final;
    acknowledged.add(submitted.id);
  };
  const loop = async (): Promise<void> => {
    while (running) await one();
  };
  const all = Promise.all(Array.from({ length: workers }, loop));
  return {
    acknowledged,
    stop: async () => {
      running = false;
      await all;
    },
  };
}

async function statusOf(url: string): Promise<{ height: number; stateRoot?: string; evidence?: number }> {
  const response = await fetch(`${url}/v1/status?root=1`);
  return (await response.json()) as { height: number; stateRoot?: string; evidence?: number };
}

/** Until every signer has one height and nothing is uncommitted. */
async function settle(cluster: Cluster): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const states = await Promise.all(
      cluster.urls.map(
        async (url) =>
          (await fetch(`${url}/v1/status`)).json() as Promise<{
            height: number;
            engine: { accepted: number };
          }>,
      ),
    );
    const heights = new Set(states.map((state) => state.height));
    if (heights.size === 1 && states.every((state) => state.engine.accepted === 0)) return states[0]!.height;
    await sleep(100);
  }
  throw new Error('the signers do not settle');
}

describe('processes that are killed', () => {
  let cluster: Cluster | undefined;
  let directory = '';

  afterEach(async ({ task }) => {
    await cluster?.stop();
    // The logs of a failure are worth keeping.
    if (task.result?.state === 'pass') await rm(directory, { recursive: true, force: true });
  });

  it(`ten kills under load lose nothing and fork nothing (SEED=${seed})`, { timeout: 240_000 }, async () => {
    const random = new Random(seed);
    directory = await mkdtemp(join(tmpdir(), 'musig-paxos-kill-'));
    cluster = await Cluster.create({ directory, signers });
    await cluster.start();
    const verifier = orFail(openFederation(await cluster.federationText(), nodeSchemes, nodeSignatures));
    const client = connectNode({ federation: verifier, signers: cluster.urls });
    const load = startLoad(client, random.stream('load'), 16);

    for (let kill = 0; kill < kills; kill++) {
      await sleep(random.integer(100, 900));
      if (kill % 3 === 2) {
        await cluster.killLearner();
        await sleep(random.integer(0, 500));
        await cluster.startLearner();
      } else {
        const victim = random.integer(0, signers);
        await cluster.killSigner(victim);
        await sleep(random.integer(0, 1200));
        await cluster.startSigner(victim);
      }
    }
    await sleep(500);
    await load.stop();

    const height = await settle(cluster);
    const audit = await auditOrder(client, height);
    client.close();
    expect(load.acknowledged.size).toBeGreaterThan(20);
    expect(misplaced(audit, load.acknowledged)).toEqual([]);
    await expect
      .poll(async () => (await statusOf(cluster!.summary.learner.url)).stateRoot, {
        timeout: 30_000,
        interval: 200,
      })
      .toBe(audit.root);
    for (const url of cluster.urls) expect((await statusOf(url)).evidence).toBe(0);
    expect(cluster.failures).toEqual([]);
  });
});
