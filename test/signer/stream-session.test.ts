/** Feed and stream session with made-up deliveries: what is sent, in which order, and what is kept. */

import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type {
  BatchId,
  BlockDigest,
  CertificateDigest,
  Digest,
  Epoch,
  Height,
  View,
} from '../../src/base/ids.ts';
import { batchNumber, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { EngineEvent } from '../../src/engine/contract.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import type { Block, QuorumCertificate } from '../../src/messages/block.ts';
import { decodeStreamEvent, type StreamEvent } from '../../src/messages/stream.ts';
import { neverExpires } from '../../src/messages/transaction.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { Feed } from '../../src/signer/feed.ts';
import type { ProvenBlock } from '../../src/signer/history.ts';
import { StreamSession } from '../../src/signer/stream-session.ts';

const n = 4;
const epoch = '01'.repeat(32) as Epoch;
const turns = async (count = 4): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A signer's history that a test writes, with names for batches. */
class Story {
  readonly feed = new Feed(0 as Height);
  readonly #batches = new Map<string, Batch>();
  readonly #names = new Map<BatchId, string>();
  readonly #blocks = new Map<number, ProvenBlock>();
  loads = 0;
  readonly history = {
    batch: (id: BatchId) => {
      this.loads += 1;
      return this.#batches.get(this.#names.get(id) ?? '');
    },
    block: (height: Height) => this.#blocks.get(height),
  };

  batch(name: string, bytes = 10): Batch {
    let batch = this.#batches.get(name);
    if (!batch) {
      const number = batchNumber(this.#batches.size + 1);
      batch = makeBatch(
        { epoch, ingress: signerId(0), number, after: [] },
        [
          {
            epoch,
            client: utf8(name),
            nonce: number,
            expires: neverExpires,
            dependencies: [],
            body: new Uint8Array(bytes),
            signature: undefined,
          },
        ],
        () => new Uint8Array(64),
      );
      this.#batches.set(name, batch);
      this.#names.set(batch.id, name);
    }
    return batch;
  }

  name(id: BatchId): string {
    return this.#names.get(id)!;
  }

  delivered(name: string, finality: Delivery['finality'] = 'score', bytes = 10): EngineEvent {
    const batch = this.batch(name, bytes);
    const certificate = certificateOf(batch);
    const certificateDigest = '02'.repeat(32) as CertificateDigest;
    const rest = { finality, void: false, verdicts: ['executed'] as const };
    return { type: 'delivered', delivery: { batch, certificate, certificateDigest, ...rest } };
  }

  committed(...names: string[]): EngineEvent {
    const height = (this.#blocks.size + 1) as Height;
    const batches = names.map((name) => this.batch(name)).sort((a, b) => (a.id < b.id ? -1 : 1));
    const qc: QuorumCertificate = {
      view: height as unknown as View,
      block: '03'.repeat(32) as BlockDigest,
      signers: [signerId(0)],
      signature: new Uint8Array(96),
    };
    const block: Block = {
      epoch,
      height,
      view: (height + 1) as View,
      parent: qc.block,
      justify: qc,
      entries: batches.map(({ id }) => ({ batch: id, certificate: '02'.repeat(32) as CertificateDigest })),
      orderRoot: '04'.repeat(32) as Digest,
    };
    this.#blocks.set(height, { block, certificates: batches.map(certificateOf), proof: [], qc });
    const places = batches.map(({ id }) => ({ batch: id }) as never);
    return { type: 'committed', committed: { height, block, places, certificates: [] } };
  }

  publish(...events: EngineEvent[]): void {
    this.feed.take(events);
  }
}

const certificateOf = (batch: Batch) => ({
  batch: batch.id,
  classes: [{ base: 0 as Height, before: [], rejects: [], signers: [signerId(0)] }],
  signature: new Uint8Array(96),
});

/** A receiver that writes down what comes: `hello 0`, `T`, `#1 U W`. */
class Receiver {
  readonly lines: string[] = [];
  readonly session: StreamSession;
  bufferedAmount = 0;
  errors: unknown[] = [];
  #sent: (() => void)[] = [];
  /** Bytes stay in the socket until `drain`. */
  holding = false;
  readonly #story: Story;

  constructor(story: Story, after = 0, blockBytes?: number) {
    this.#story = story;
    const { feed, history } = story;
    this.session = new StreamSession(this, { feed, history, epoch, n }, after as Height, blockBytes);
  }

  send(bytes: Uint8Array, sent: () => void): void {
    this.lines.push(this.#describe(must(decodeStreamEvent(bytes, n))));
    if (!this.holding) {
      setImmediate(sent);
      return;
    }
    this.bufferedAmount += 3 << 20;
    this.#sent.push(sent);
  }

  failed(error: unknown): void {
    this.errors.push(error);
  }

  drain(): void {
    this.bufferedAmount = 0;
    for (const sent of this.#sent.splice(0)) sent();
  }

  #describe(event: StreamEvent): string {
    if (event.type === 'hello') return `hello ${event.height}`;
    if (event.type === 'batch') return this.#story.name(event.batch.id);
    const names = event.batches.map(({ id }) => this.#story.name(id)).sort();
    return [`#${event.block.height}`, ...names].join(' ');
  }
}

describe('feed', () => {
  it('publishes a step as a whole, so that a block comes before what is final on top of it', async () => {
    const story = new Story();
    const receiver = new Receiver(story);
    receiver.session.credit(100);
    story.publish(
      story.delivered('T', 'order'),
      story.delivered('U'),
      story.delivered('V'),
      story.committed('T', 'V'),
      story.delivered('W'),
    );
    await turns();
    expect(receiver.lines).toEqual(['hello 1', '#1 T V', 'U', 'W']);
    expect([...story.feed.ahead.keys()].map((id) => story.name(id))).toEqual(['U', 'W']);
  });

  it('finds transactions of batches ahead, and forgets them with their block', () => {
    const story = new Story();
    story.publish(story.delivered('T'));
    const [id] = story.batch('T').transactionIds;
    expect(story.feed.find(id!)).toMatchObject({ index: 0, delivery: { finality: 'score' } });
    story.publish(story.committed('T'));
    expect(story.feed.find(id!)).toBeUndefined();
    expect(story.feed.height).toBe(1);
  });

  it('keeps its log short however much is published', () => {
    const story = new Story();
    for (let i = 0; i < 300; i++) {
      story.publish(story.delivered(`T${i}`), story.delivered(`U${i}`));
      story.publish(story.committed(`T${i}`));
    }
    // Every second one is still ahead, and each is found from the one before.
    let found = 0;
    for (let at = story.feed.nextAhead(0); at; at = story.feed.nextAhead(at.sequence)) {
      expect(at.settled).toBe(false);
      found += 1;
    }
    expect(found).toBe(300);
  });
});

describe('stream session', () => {
  it('brings blocks after the given height, then what is ahead, then both as they come', async () => {
    const story = new Story();
    story.publish(story.delivered('A', 'order'), story.committed('A'));
    story.publish(story.delivered('B', 'order'), story.committed('B'));
    story.publish(story.delivered('C'));
    const all = new Receiver(story);
    const some = new Receiver(story, 1);
    for (const { session } of [all, some]) session.credit(100);
    await turns();
    story.publish(story.delivered('D'));
    await turns();
    story.publish(story.delivered('E', 'order'), story.committed('C', 'E'));
    await turns();
    expect(all.lines).toEqual(['hello 2', '#1 A', '#2 B', 'C', 'D', '#3 E']);
    expect(some.lines).toEqual(['hello 2', '#2 B', 'C', 'D', '#3 E']);
    expect(all.session.remembered).toBe(1);
  });

  it('never sends without credit, not even the first event', async () => {
    const story = new Story();
    story.publish(story.delivered('A'), story.delivered('B'));
    const receiver = new Receiver(story);
    await turns();
    expect(receiver.lines).toEqual([]);
    receiver.session.credit(2);
    await turns();
    expect(receiver.lines).toEqual(['hello 0', 'A']);
    story.publish(story.delivered('C'));
    await turns();
    expect(receiver.lines).toHaveLength(2);
    receiver.session.credit(1);
    await turns();
    expect(receiver.lines).toEqual(['hello 0', 'A', 'B']);
  });

  it('keeps a place, not a queue, for a receiver that is slow', async () => {
    const story = new Story();
    const slow = new Receiver(story);
    slow.session.credit(2);
    story.publish(story.delivered('A0'));
    await turns();
    expect(slow.lines).toEqual(['hello 0', 'A0']);
    story.publish(story.committed('A0'));
    for (let i = 1; i <= 200; i++) {
      story.publish(story.delivered(`A${i}`), story.delivered(`B${i}`));
      story.publish(story.committed(`A${i}`));
    }
    await turns();
    expect(slow.session.remembered).toBe(1);
    expect(story.loads).toBe(0);
    slow.session.credit(1000);
    await turns(100);
    const bodies = slow.lines.flatMap((line) => line.split(' ').filter((word) => /^[AB]/.test(word)));
    expect(bodies).toHaveLength(401);
    expect(new Set(bodies).size).toBe(401);
    // Blocks first, in order, then what is ahead in the order of its delivery.
    expect(slow.lines.slice(2, 5)).toEqual(['#1', '#2 A1', '#3 A2']);
    expect(slow.lines.slice(203)).toEqual(Array.from({ length: 200 }, (_, i) => `B${i + 1}`));
  });

  it('waits while the socket is full', async () => {
    const story = new Story();
    const receiver = new Receiver(story);
    receiver.holding = true;
    story.publish(story.delivered('A'), story.delivered('B'), story.delivered('C'));
    receiver.session.credit(100);
    await turns();
    expect(receiver.lines).toEqual(['hello 0', 'A']);
    receiver.drain();
    await turns();
    expect(receiver.lines).toEqual(['hello 0', 'A', 'B', 'C']);
  });

  it('brings the bodies of a large block apart, before it', async () => {
    const story = new Story();
    story.publish(
      story.delivered('A', 'order', 3000),
      story.delivered('B', 'order', 3000),
      story.delivered('C', 'order', 3000),
      story.committed('A', 'B', 'C'),
    );
    const receiver = new Receiver(story, 0, 4000);
    receiver.session.credit(10);
    await turns();
    expect(receiver.lines).toHaveLength(4);
    const words = receiver.lines.slice(1).flatMap((line) => line.split(' '));
    expect(words.sort()).toEqual(['#1', 'A', 'B', 'C']);
    expect(receiver.lines[3]).toMatch(/^#1 [ABC]$/);
    expect(receiver.session.remembered).toBe(0);
  });

  it('says nothing to a receiver that is further than the signer until it is there', async () => {
    const story = new Story();
    story.publish(story.delivered('A'));
    const receiver = new Receiver(story, 1);
    receiver.session.credit(10);
    await turns();
    expect(receiver.lines).toEqual(['hello 0']);
    story.publish(story.delivered('B'), story.committed('A'));
    await turns();
    expect(receiver.lines).toEqual(['hello 0', 'B']);
  });

  it('ends when what was committed is not there, and does nothing after it was closed', async () => {
    const story = new Story();
    story.publish(story.delivered('A', 'order'), story.committed('A'));
    const receiver = new Receiver(story);
    story.history.block = () => undefined;
    receiver.session.credit(10);
    await turns();
    expect(receiver.errors).toHaveLength(1);
    story.publish(story.delivered('B'));
    await turns();
    expect(receiver.lines).toEqual(['hello 1']);
  });
});
