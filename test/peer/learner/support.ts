/** Learners over a simulated federation whose signers are fakes on loopback. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { simulatedSingles } from '../../../sim/federation.ts';
import type { World } from '../../../sim/world.ts';
import { createSimulatedProvider } from '../../../src/crypto/fast-scheme.ts';
import type { PeerHome } from '../../../src/peer/config.ts';
import { type LearnerOverrides, type RunningLearner, startLearner } from '../../../src/peer/learner.ts';
import { FakeSigner } from '../follow/fake-signer.ts';
import { type Federation, resumeStream, runFederation } from '../follow/support.ts';

export const provider = createSimulatedProvider();
export const crypto = { provider, singles: simulatedSingles };
export const load = { seed: 'learner', transactions: 60 };
export const runLoad = (): Federation => runFederation({ ...load, provider });

export const quiet = { info: () => {}, warn: () => {}, error: () => {} };
export const quick = { stallMs: 100, pollMs: 30, failedMs: { min: 5, max: 20 } };

export const temporaryDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'musig-paxos-learner-'));

export const heightOf = (world: World, node = 0): number => world.nodes[node]!.engine!.order.committed.height;

/** An honest signer. @param limit events that it sends before it falls silent. */
export const honestSigner = ({ world, streams }: Federation, node = 0): Promise<FakeSigner> => {
  const { epoch, n } = world.federation.verifier;
  return FakeSigner.start({
    n,
    height: () => heightOf(world, node),
    events: (after) => [
      { type: 'hello', epoch, height: heightOf(world, node) as never },
      ...resumeStream(streams[node]!, after),
    ],
  });
};

export function homeOf(
  world: World,
  directory: string,
  follow: readonly string[],
  change: Partial<PeerHome> = {},
): PeerHome {
  const { federation, epoch } = world.federation.verifier;
  return {
    directory,
    dataDirectory: join(directory, 'data'),
    federation,
    epoch,
    follow,
    finality: 'score',
    store: { kind: 'lmdb', path: join(directory, 'data', 'documents') },
    listen: { http: { host: '127.0.0.1', port: 0 } },
    logLevel: 'silent',
    ...change,
  };
}

export const startQuick = (home: PeerHome, overrides: LearnerOverrides = {}): Promise<RunningLearner> =>
  startLearner(home, { crypto, log: quiet, timing: quick, ...overrides });

/** Waits until the learner applied everything up to a height. */
export async function untilHeight(learner: RunningLearner, height: number): Promise<void> {
  for (const end = Date.now() + 10_000; ; await sleep(5)) {
    const status = (await learner.status())!;
    if (status.height === height && status.backlog === 0 && status.ready) return;
    if (Date.now() > end) throw new Error(`it did not get there: ${JSON.stringify(status)}`);
  }
}
