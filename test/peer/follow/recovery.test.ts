import { describe, expect, it } from 'vitest';
import { Random } from '../../../sim/random.ts';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { ForkDetected, type StateMachine } from '../../../src/peer/api.ts';
import { type MemoryDisk, MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';
import { LearnerHalted } from '../../../src/peer/follow/errors.ts';
import { guardMachine } from '../../../src/peer/follow/guarded-machine.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import {
  committedTransactions,
  ledgerMachine,
  ledgerRoot,
  nothing,
  openLearner,
  resumeStream,
  runFederation,
  type TestLearner,
} from './support.ts';

const { world, streams } = runFederation({ seed: 'recovery', transactions: 30 });
const root = ledgerRoot(world);
const bounds = { batchesMax: 2, bytesMax: 1 << 20 };
type Keep = 'all' | 'none';

class Crash extends Error {}

/** What survives of a learner. */
interface Machine {
  store: MemoryStore;
  readonly disk: MemoryDisk;
}
const newMachine = (): Machine => ({ store: new MemoryStore(), disk: {} });

/** One life of a learner: opens, follows a signer, and ends with the stream or with the power. */
async function live(
  machine: Machine,
  node: number,
  {
    finality = 'score' as 'score' | 'order',
    powerOff = (_: string): void => undefined,
    events = Number.POSITIVE_INFINITY,
  } = {},
): Promise<TestLearner | undefined> {
  let learner: TestLearner | undefined;
  const documents = new MemoryDocumentStore({
    disk: machine.disk,
    onStep: (point) => {
      try {
        powerOff(point);
      } catch (error) {
        // A dead process does not try again.
        learner?.pipeline.halt(error as Error);
        throw error;
      }
    },
  });
  try {
    learner = await openLearner(world, finality, {
      store: machine.store,
      documents,
      bounds,
      machine: ledgerMachine,
      onStep: powerOff,
    });
    const { pipeline, order } = learner;
    let taken = 0;
    for (const event of resumeStream(streams[node]!, order.height)) {
      if (taken++ >= events) break;
      pipeline.take(event, nothing);
      // Some events find the pipeline at work, others do not.
      if (taken % 5 === 0) await pipeline.idle();
      if (pipeline.failure) throw pipeline.failure;
    }
    await pipeline.idle();
    if (pipeline.failure) throw pipeline.failure;
    return learner;
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return undefined;
  }
}

async function expectComplete(machine: Machine, learner: TestLearner | undefined): Promise<void> {
  expect(toHex(await learner!.documents.stateRoot())).toBe(root);
  const { counts, position } = learner!.pipeline;
  const { outcomes, finality } = counts;
  const total = committedTransactions(world).length;
  expect(outcomes.applied + outcomes.rejected + outcomes.duplicate).toBe(total);
  expect(finality.score + finality.order).toBe(total + outcomes.void);
  expect([counts.sequence, counts.since]).toEqual([position.sequence, 0]);
  expect(machine.disk.content?.position).toEqual(position);
}

describe('a learner that dies at any step', () => {
  it.each([
    ['keeps all it wrote', 'all'],
    ['loses what was not synced', 'none'],
  ] as const)(
    'and %s applies every transaction once',
    async (_, keep: Keep) => {
      let steps = 0;
      const whole = newMachine();
      await expectComplete(whole, await live(whole, 0, { powerOff: () => void steps++ }));
      expect(steps).toBeGreaterThan(60);
      const points = new Set<string>();
      for (let at = 1; at <= steps; at += keep === 'all' ? 1 : 3) {
        const machine = newMachine();
        let left = at;
        const died = await live(machine, 0, {
          powerOff: (point) => {
            if (--left > 0) return;
            points.add(point);
            throw new Crash(point);
          },
        });
        // The last steps may come after the last event.
        if (died) continue;
        machine.store = machine.store.crash(keep);
        await expectComplete(machine, await live(machine, 0));
      }
      for (const point of [
        'logged',
        'log is durable',
        'group is applied',
        'apply: commit',
        'apply: committed',
      ])
        expect(points).toContain(point);
    },
    60_000,
  );

  it('and dies again, and changes signer and finality each time, applies every transaction once', async () => {
    const random = new Random('lives');
    for (let run = 0; run < 40; run++) {
      const machine = newMachine();
      for (let life = 0; life < 5; life++) {
        let left = random.integer(1, 60);
        await live(machine, random.integer(0, 4), {
          finality: random.pick(['score', 'order'] as const),
          events: random.integer(1, 40),
          powerOff: () => {
            if (--left <= 0) throw new Crash();
          },
        });
        machine.store = machine.store.crash(random.pick(['all', 'none', 1] as const) as Keep);
      }
      await expectComplete(machine, await live(machine, random.integer(0, 4)));
    }
  }, 60_000);
});

describe('a change of the signer', () => {
  it('whose stream has another order delivers nothing twice', async () => {
    const random = new Random('switch');
    for (let run = 0; run < 20; run++) {
      const { pipeline, order, documents } = await openLearner(world, 'score', { machine: ledgerMachine });
      for (let turn = 0; turn < 6; turn++) {
        const events = resumeStream(streams[random.integer(0, 4)]!, order.height);
        for (const event of events.slice(0, random.integer(0, 25))) pipeline.take(event, nothing);
      }
      for (const event of resumeStream(streams[run % 4]!, order.height)) pipeline.take(event, nothing);
      await pipeline.idle();
      expect(pipeline.failure).toBeUndefined();
      expect(toHex(await documents.stateRoot())).toBe(root);
    }
  });
});

describe('what was written', () => {
  it('fills an empty document store again, without a signer', async () => {
    const machine = newMachine();
    await live(machine, 0);
    const learner = await openLearner(world, 'score', { store: machine.store, machine: ledgerMachine });
    expect(toHex(await learner.documents.stateRoot())).toBe(root);
    await expectComplete(
      { ...machine, disk: { content: { position: learner.pipeline.position } as never } },
      learner,
    );
  });

  it('is missed when the documents are ahead of it', async () => {
    const machine = newMachine();
    await live(machine, 0);
    machine.store = new MemoryStore();
    await expect(live(machine, 0)).rejects.toThrow(
      /documents are at group \d+.*log ends at group 0: the log was lost/,
    );
    await expect(live(machine, 0)).rejects.toBeInstanceOf(LearnerHalted);
  });

  it('is not mixed with documents of another history', async () => {
    const one = newMachine();
    const other = newMachine();
    await live(one, 0);
    await live(other, 1, { finality: 'order', events: 20 });
    await expect(live({ ...one, disk: other.disk }, 0)).rejects.toThrow(/different histories at group \d+/);
  });

  it('is not mixed with another federation', async () => {
    const machine = newMachine();
    await live(machine, 0);
    const { world: elsewhere } = runFederation({ seed: 'elsewhere', transactions: 1 });
    await expect(openLearner(elsewhere, 'score', { store: machine.store })).rejects.toThrow(
      /another federation/,
    );
    const documents = new MemoryDocumentStore({ disk: machine.disk });
    await expect(openLearner(elsewhere, 'score', { documents })).rejects.toBeInstanceOf(ForkDetected);
  });

  it('is refused when it is damaged', async () => {
    const machine = newMachine();
    const learner = await live(machine, 0);
    const [key] = [...learner!.store.range('batch', new Uint8Array(0), 1)][0]!;
    machine.store.apply([{ table: 'batch', key, value: undefined }]);
    await expect(openLearner(world, 'score', { store: machine.store })).rejects.toThrow(
      /is not in the learner's log/,
    );
  });
});

describe('documents that are not where they were left', () => {
  const copy = ({ content }: MemoryDisk): MemoryDisk => ({
    content: { ...content!, documents: new Map(content!.documents), groups: new Map(content!.groups) },
  });

  it('are brought to where they should be, when an old copy takes their place', async () => {
    const machine = newMachine();
    const length = streams[0]!.length;
    const learner = await live(machine, 0, { events: Math.floor(length / 3) });
    const old = copy(machine.disk);
    for (const event of streams[0]!.slice(0, Math.floor((2 * length) / 3)))
      learner!.pipeline.take(event, nothing);
    await learner!.pipeline.idle();
    expect(machine.disk.content!.position.sequence).toBeGreaterThan(old.content!.position.sequence);
    machine.disk.content = old.content!;
    for (const event of streams[0]!) learner!.pipeline.take(event, nothing);
    await learner!.pipeline.idle();
    await expectComplete(machine, learner);
  });

  it('halt the learner when something else applied its next group', async () => {
    const [machine, other] = [newMachine(), newMachine()];
    const learner = await live(machine, 0, { events: 5 });
    await live(other, 0, { events: 30 });
    other.disk.content!.groups.clear();
    machine.disk.content = other.disk.content!;
    for (const event of streams[0]!) learner!.pipeline.take(event, nothing);
    expect((await learner!.pipeline.failed).message).toMatch(
      /log ends at group|went to group .* by themselves/,
    );
  });

  it('are not asked for outcomes that a snapshot does not hold', async () => {
    const machine = newMachine();
    await live(machine, 0);
    machine.disk.content!.groups.clear();
    machine.store.apply([{ table: 'meta', key: utf8('learner-counts'), value: undefined }]);
    const learner = await openLearner(world, 'score', {
      store: machine.store,
      documents: new MemoryDocumentStore({ disk: machine.disk }),
      machine: ledgerMachine,
    });
    const { counts, position } = learner.pipeline;
    expect([counts.since, counts.sequence, counts.batches]).toEqual([
      position.sequence,
      position.sequence,
      0,
    ]);
    expect(toHex(await learner.documents.stateRoot())).toBe(root);
  });
});

describe('a failure', () => {
  it('of the database is retried with the same group until it heals', async () => {
    let failures = 5;
    const documents = new MemoryDocumentStore({
      onStep: (point) => {
        if (point.startsWith('apply') && failures-- > 0) throw new Error('connection lost');
      },
    });
    const { pipeline, warnings } = await openLearner(world, 'score', { documents, machine: ledgerMachine });
    for (const event of streams[0]!) pipeline.take(event, nothing);
    await pipeline.idle();
    expect(warnings).toEqual(Array(5).fill('group 1 could not be applied, trying again: connection lost'));
    expect(toHex(await documents.stateRoot())).toBe(root);
  });

  it('of the state machine halts, and is not retried', async () => {
    let calls = 0;
    const machine: StateMachine = {
      apply: () => {
        calls += 1;
        throw new Error('boom');
      },
    };
    const { pipeline } = await openLearner(world, 'score', { machine });
    for (const event of streams[0]!) pipeline.take(event, nothing);
    expect((await pipeline.failed).message).toMatch(/state machine failed: boom/);
    expect([calls, pipeline.position.sequence]).toEqual([1, 0]);
    expect(() => pipeline.take(streams[0]![0]!, nothing)).toThrow(LearnerHalted);
  });

  it('of the state machine during the replay is named', async () => {
    const machine = newMachine();
    await live(machine, 0);
    const throws: StateMachine = {
      apply: () => {
        throw new Error('boom');
      },
    };
    const opening = openLearner(world, 'score', { store: machine.store, machine: throws });
    await expect(opening).rejects.toThrow('the state machine failed: boom');
  });

  it('of a read is the database, also when it passes through the state machine', () => {
    const lost = new Error('connection lost');
    const documents = {
      get: () => {
        throw lost;
      },
      put: nothing,
      delete: nothing,
    };
    const reads = guardMachine({
      apply: (_, from) => {
        from.get('x');
        return { status: 'applied' };
      },
    });
    expect(() => reads.machine.apply({} as never, documents)).toThrow(lost);
    expect(reads.threw(lost)).toBe(false);
    const throws = guardMachine({
      apply: () => {
        throw lost;
      },
    });
    expect(() => throws.machine.apply({} as never, documents)).toThrow(lost);
    expect(throws.threw(lost)).toBe(true);
  });

  it('of the disk halts before anything that depends on it is applied', async () => {
    const store = new MemoryStore({ failFlush: () => new Error('no space left') });
    const { pipeline, documents } = await openLearner(world, 'score', { store });
    for (const event of streams[0]!) pipeline.take(event, nothing);
    expect((await pipeline.failed).message).toMatch(/no space left/);
    expect((await documents.position()).sequence).toBe(0);
  });
});
