import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { getCommand } from '../../../src/cli/get.ts';
import type { Document, StateMachine } from '../../../src/peer/api.ts';
import { MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';
import { LearnerHalted } from '../../../src/peer/follow/errors.ts';
import { ListenError } from '../../../src/peer/http.ts';
import { LearnerRefused, type RunningLearner } from '../../../src/peer/learner.ts';
import { documentMachine } from '../../../src/peer/machine/documents.ts';
import { singleThreadedReplay } from '../../../src/peer/replay.ts';
import type { LearnerStatus } from '../../../src/peer/status.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import type { FakeSigner } from '../follow/fake-signer.ts';
import { committedTransactions, expectedRoot, ledgerMachine, ledgerRoot } from '../follow/support.ts';
import {
  heightOf,
  homeOf,
  honestSigner,
  runLoad,
  startQuick,
  temporaryDirectory,
  untilHeight,
} from './support.ts';

const federation = runLoad();
const { world } = federation;
const height = heightOf(world);
const root = expectedRoot(world);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
async function directory(): Promise<string> {
  const path = await temporaryDirectory();
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}
async function signer(node = 0): Promise<FakeSigner> {
  const one = await honestSigner(federation, node);
  cleanups.push(() => one[Symbol.asyncDispose]());
  return one;
}
async function start(...of: Parameters<typeof startQuick>): Promise<RunningLearner> {
  const learner = await startQuick(...of);
  cleanups.push(() => learner.close());
  return learner;
}
const json = async (url: string): Promise<{ status: number; body: never }> => {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as never };
};

describe('a learner', () => {
  it.each(['lmdb', 'memory'] as const)(
    'keeps documents in %s, and has them again after a restart',
    async (kind) => {
      const path = await directory();
      const home = homeOf(world, path, [(await signer()).url], kind === 'memory' ? { store: { kind } } : {});
      const learner = await start(home);
      await untilHeight(learner, height);
      const before = (await learner.status(true))!;
      expect(before.stateRoot).toBe(root);
      await learner.close();
      const again = await start({ ...home, follow: ['http://127.0.0.1:1'] });
      const after = (await again.status(true))!;
      expect([after.stateRoot, after.position, after.outcomes, after.transactions]).toEqual([
        root,
        before.position,
        before.outcomes,
        before.transactions,
      ]);
      expect(after.notReady).toBe('no signer is followed');
    },
  );

  it('takes a state machine and a document store of the user', async () => {
    const store = new MemoryDocumentStore();
    const home = homeOf(world, await directory(), [(await signer()).url], {
      store: { kind: 'postgres', url: 'postgres://nowhere', schema: 'x' },
    });
    const learner = await start(home, { machine: ledgerMachine, store, ledger: new MemoryStore() });
    await untilHeight(learner, height);
    const status = (await learner.status(true))!;
    expect([status.stateRoot, status.store]).toEqual([ledgerRoot(world), 'custom']);
  });

  it('halts when its state machine throws, says so, and still answers', async () => {
    const machine: StateMachine = {
      apply: () => {
        throw new Error('boom');
      },
    };
    const home = homeOf(world, await directory(), [(await signer()).url], { store: { kind: 'memory' } });
    const learner = await start(home, { machine });
    expect((await learner.failed).message).toBe('the state machine failed: boom');
    const { status, body } = await json(`${learner.url}/readyz`);
    expect([status, body]).toEqual([503, { ready: false, reason: 'halted: the state machine failed: boom' }]);
    expect((await json(`${learner.url}/livez`)).status).toBe(200);
  });
});

describe('a learner does not start', () => {
  it('on a store that is not built in', async () => {
    const path = await directory();
    for (const store of [
      { kind: 'postgres', url: 'postgres://x', schema: 'x' },
      { kind: 'couchdb', url: 'http://x', database: 'x' },
    ] as const)
      await expect(start(homeOf(world, path, ['http://x'], { store }))).rejects.toThrow(
        `store.kind: "${store.kind}" is not built in yet`,
      );
  });

  it('on keys that are not sound', async () => {
    const home = homeOf(world, await directory(), ['http://x']);
    const [first, ...others] = home.federation.signers;
    const changed = {
      ...home.federation,
      signers: [first!, { ...others[0]!, possessionProof: first!.possessionProof }],
    };
    await expect(start({ ...home, federation: changed })).rejects.toThrow(
      /federation: signer 1 .*possession/,
    );
    await expect(start(home, { crypto: undefined as never })).rejects.toBeInstanceOf(LearnerRefused);
  });

  it('where another one listens, and leaves nothing open', async () => {
    const one = await start(homeOf(world, await directory(), ['http://127.0.0.1:1']));
    const port = Number(new URL(one.url).port);
    const home = homeOf(world, await directory(), ['http://127.0.0.1:1']);
    const taken = { ...home, listen: { http: { host: '127.0.0.1', port } } };
    await expect(start(taken)).rejects.toThrow(
      `listen.http: cannot listen on 127.0.0.1:${port}: another process`,
    );
    await expect(start(taken)).rejects.toBeInstanceOf(ListenError);
    await start(home);
  });

  it('on documents whose log was lost', async () => {
    const home = homeOf(world, await directory(), [(await signer()).url]);
    const learner = await start(home);
    await untilHeight(learner, height);
    await learner.close();
    await rm(`${home.dataDirectory}/ledger`, { recursive: true });
    await expect(start(home)).rejects.toThrow(/the log was lost or is an old copy/);
    await expect(start(home)).rejects.toBeInstanceOf(LearnerHalted);
  });
});

describe('over HTTP', () => {
  async function ready() {
    const { url } = await signer();
    const learner = await start(homeOf(world, await directory(), [url], { store: { kind: 'memory' } }));
    await untilHeight(learner, height);
    return { learner, signerUrl: url };
  }

  it('a learner shows its documents, also to the get command', async () => {
    const { learner } = await ready();
    const { documents } = singleThreadedReplay(committedTransactions(world), documentMachine);
    for (const [id, document] of documents as ReadonlyMap<string, Document>) {
      const { body } = await json(`${learner.url}/v1/documents/${encodeURIComponent(id)}`);
      const { position } = (await learner.status())!;
      expect(body).toEqual({ id, document, position });
      const got = await getCommand({ id, from: learner.url });
      expect(got).toEqual({
        ok: true,
        value: { text: `${JSON.stringify(document, undefined, 2)}\n`, json: { id, document, position } },
      });
    }
    expect(await json(`${learner.url}/v1/documents/nothing`)).toMatchObject({
      status: 404,
      body: { code: 'DOCUMENT_UNKNOWN', retryable: false },
    });
    expect((await json(`${learner.url}/v1/documents/${'x'.repeat(600)}`)).status).toBe(404);
    expect(await json(`${learner.url}/v1/documents/%E0%A4%A`)).toMatchObject({ status: 400 });
    expect(await json(`${learner.url}/v2`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  it('and its state, health and metrics', async () => {
    const { learner, signerUrl } = await ready();
    const { body } = await json(`${learner.url}/v1/status?root=1`);
    const status = body as LearnerStatus;
    const total = committedTransactions(world).length;
    expect(status).toMatchObject({
      role: 'learner',
      height,
      lag: 0,
      following: signerUrl,
      stateRoot: root,
      ahead: 0,
    });
    expect(
      status.outcomes.applied +
        status.outcomes.refused +
        status.outcomes.rejected +
        status.outcomes.duplicate,
    ).toBe(total);
    expect(status.transactions.score).toBeGreaterThan(0);
    expect(status.transactions.order).toBeGreaterThan(0);
    expect('stateRoot' in ((await json(`${learner.url}/v1/status`)).body as object)).toBe(false);
    expect((await json(`${learner.url}/v1/status?root=yes`)).status).toBe(400);
    expect(await json(`${learner.url}/readyz`)).toEqual({ status: 200, body: { ready: true } });
    const text = await (await fetch(`${learner.url}/metrics`)).text();
    expect(text).toContain(`musig_paxos_learner_height ${height}`);
    expect(text).toContain(
      `musig_paxos_learner_outcomes_total{outcome="applied"} ${status.outcomes.applied}`,
    );
    expect(text).toMatch(/musig_paxos_learner_events_total\{type="block"\} [1-9]/);
  });

  it('the get command says in one line what is wrong', async () => {
    const { learner } = await ready();
    const reason = async (id: string, from: string) => {
      const got = await getCommand({ id, from });
      return got.ok ? 'no refusal' : `${got.error.code}: ${got.error.message}`;
    };
    expect(await reason('nothing', learner.url)).toBe(
      `DOCUMENT_UNKNOWN: ${learner.url} has no document "nothing"`,
    );
    expect(await reason('', learner.url)).toBe('BAD_OPTION: id: document id is empty');
    expect(await reason('x', 'nowhere')).toMatch(/^BAD_OPTION: --from: expected a URL/);
    expect(await reason('x', 'http://127.0.0.1:1')).toMatch(/^GET_UNREACHABLE: --from: .* \(/);
    const { url } = await signer();
    expect(await reason('x', url)).toMatch(/^GET_ANSWER: --from: .* did not answer like a learner/);
  });
});

describe('a learner process', () => {
  const script = fileURLToPath(new URL('./learner-process.ts', import.meta.url));

  async function spawnLearner(
    path: string,
    url: string,
  ): Promise<{ child: ChildProcess; lines: string[]; url: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', script, path, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(async () => child.kill('SIGKILL'));
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout! });
    reader.on('line', (line) => lines.push(line));
    for (;;) {
      const found = lines.find((line) => line.startsWith('url '));
      if (found) return { child, lines, url: found.slice(4) };
      await Promise.race([once(reader, 'line'), once(child, 'exit')]);
      if (child.exitCode !== null) throw new Error(`it ended: ${lines.join('\n')}`);
    }
  }

  it('that is killed again and again applies every transaction once', async () => {
    const path = await directory();
    const { url } = await signer();
    for (let life = 0; life < 3; life++) {
      const { child } = await spawnLearner(path, url);
      await sleep(life * 15);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const { url: at } = await spawnLearner(path, url);
    for (const end = Date.now() + 10_000; ; await sleep(20)) {
      const { body } = await json(`${at}/v1/status?root=1`);
      const status = body as LearnerStatus;
      if (status.height === height && status.backlog === 0) {
        expect(status.stateRoot).toBe(root);
        const { applied, refused, rejected, duplicate } = status.outcomes;
        expect(applied + refused + rejected + duplicate).toBe(committedTransactions(world).length);
        return;
      }
      if (Date.now() > end) throw new Error(`it did not get there: ${JSON.stringify(body)}`);
    }
  }, 60_000);
});
