/** The order of one node as it grows: by score, by blocks, and both mixed. */

import { describe, expect, it } from 'vitest';
import type { BatchId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { CommittedOrder } from '../../src/ordering/committed.ts';
import { type Delivery, DeliveryOrder } from '../../src/ordering/delivery.ts';
import type { DeriveEntry } from '../../src/ordering/derive.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import {
  batch,
  certify,
  derive,
  epoch,
  n,
  type PlainVote,
  quorum,
  transaction,
  unanimous,
} from './batches.ts';

/** A node that knows all batches of a test. */
class Node {
  readonly store = new MemoryStore();
  readonly order: DeliveryOrder;
  readonly delivered: string[] = [];
  readonly #known: Readonly<Record<string, Batch>>;

  constructor(known: Readonly<Record<string, Batch>>, hides: readonly BatchId[] = []) {
    this.#known = known;
    const slotOf = (id: BatchId) =>
      hides.includes(id) ? undefined : Object.values(known).find((one) => one.id === id)?.header;
    this.order = new DeliveryOrder(new CommittedOrder(this.store, epoch, n), quorum, slotOf);
  }

  offer(entry: DeriveEntry): string {
    return this.#note(this.order.offer(entry.batch, entry.keys, entry.certificate, entry.certificateDigest));
  }

  commit(...entries: DeriveEntry[]): string {
    const deliveries = this.order.commit(derive(this.order.committed, entries), (writes) =>
      this.store.apply(writes),
    );
    return this.#note(deliveries);
  }

  #note(deliveries: readonly Delivery[]): string {
    const lines = deliveries.map((one) => {
      const name = Object.keys(this.#known).find((each) => this.#known[each]!.id === one.batch.id);
      return `${name} ${one.finality}${one.void ? ' void' : ''} ${one.verdicts.join(',')}`.trim();
    });
    this.delivered.push(...deliveries.map((one) => one.batch.id));
    expect(new Set(this.delivered).size).toBe(this.delivered.length);
    return lines.join('; ');
  }
}

const on = (
  ingress: number,
  number: number,
  name: string,
  after: readonly Batch[] = [],
  list: readonly string[] | undefined = ['a'],
) => batch(ingress, number, [transaction(name, list)], after);
/** `count` of the signers list the rivals, the rest nothing. */
const listing = (one: Batch, count: number, before: readonly Batch[], base = 0): DeriveEntry =>
  certify(
    one,
    Array.from({ length: n }, (_, i): PlainVote => (i < count ? { before, base } : { base })),
  );

describe('by score', () => {
  const t = on(0, 1, 't');
  const u = on(1, 1, 'u');
  const v = on(2, 1, 'v');

  it('delivers at the threshold and not below', () => {
    expect(new Node({ t, u }).offer(listing(t, 1, [u]))).toBe('t score executed');
    const below = new Node({ t, u });
    expect(below.offer(listing(t, 2, [u]))).toBe('');
    expect(below.order.waiting.has(t.id)).toBe(true);
    const missing = (count: number) =>
      certify(
        t,
        Array.from({ length: n }, (_, i) => (i < count ? undefined : {})),
      );
    expect(new Node({ t }).offer(missing(1))).toBe('t score executed');
    expect(new Node({ t }).offer(missing(2))).toBe('');
  });

  it('a delivery wakes what waited for it, in a chain', () => {
    const node = new Node({ t, u, v });
    expect(node.offer(unanimous(v, { before: [u] }))).toBe('');
    expect(node.offer(unanimous(u, { before: [t] }))).toBe('');
    expect(node.offer(unanimous(t))).toBe('t score executed; u score executed; v score executed');
    expect([...node.order.ahead.keys()]).toEqual([t.id, u.id, v.id]);
    expect(node.order.waiting.size).toBe(0);
  });

  it('takes each batch and each certificate once', () => {
    const node = new Node({ t, u });
    expect(node.offer(listing(t, 3, [u]))).toBe('');
    expect(node.offer(listing(t, 3, [u]))).toBe('');
    expect(node.order.waiting.get(t.id)!.certificates).toHaveLength(1);
    expect(node.offer(unanimous(t))).toBe('t score executed');
    expect(node.offer(listing(t, 1, [u]))).toBe('');
    expect(node.order.has(t.id)).toBe(true);
  });

  it('tries only so many certificates of one batch', () => {
    const node = new Node({ t, u });
    for (let base = 0; base < 12; base++) node.offer(listing(t, 3, [u], base));
    expect(node.order.waiting.get(t.id)!.certificates).toHaveLength(8);
  });

  it('a verdict that other votes could turn is not final', () => {
    const votes = Array.from({ length: n }, (_, i): PlainVote => ({ rejects: i < 2 ? [0] : [] }));
    expect(new Node({ t }).offer(certify(t, votes))).toBe('');
    expect(new Node({ t }).offer(unanimous(t, { rejects: [0] }))).toBe('t score rejected');
  });

  it('a transaction that is in O already is a duplicate', () => {
    const again = batch(1, 1, [transaction('t', ['a']), transaction('new', [])]);
    const node = new Node({ t, again });
    node.offer(unanimous(t));
    expect(node.offer(unanimous(again, { before: [t] }))).toBe('again score duplicate,executed');
    expect(node.order.transactionSeen(t.transactionIds[0]!)).toBe(true);
  });

  it('what is in after counts as listed by all, until it is delivered', () => {
    const next = on(0, 2, 'next', [t]);
    const node = new Node({ t, next });
    expect(node.offer(unanimous(next))).toBe('');
    expect(node.offer(unanimous(t))).toBe('t score executed; next score executed');
  });
});

describe('with blocks', () => {
  const t = on(0, 1, 't');
  const u = on(1, 1, 'u');
  const v = on(2, 1, 'v');

  it('a block delivers what is not delivered yet, and that wakes others', () => {
    const node = new Node({ t, u, v });
    node.offer(unanimous(t));
    node.offer(listing(u, 3, [v]));
    node.offer(unanimous(v, { before: [t, u] }));
    expect(node.commit(unanimous(t), unanimous(u, { before: [t] }))).toBe(
      'u order executed; v score executed',
    );
    expect([...node.order.ahead.keys()]).toEqual([v.id]);
    expect(node.commit(unanimous(v, { before: [t, u] }))).toBe('');
    expect([node.order.ahead.size, node.order.waiting.size, node.order.committed.height]).toEqual([0, 0, 2]);
    expect(node.offer(unanimous(v))).toBe('');
  });

  it('votes with a base above the height are missing until the height is there', () => {
    const node = new Node({ t, u });
    expect(node.offer(listing(t, 0, [], 1))).toBe('');
    expect(node.order.waiting.size).toBe(1);
    expect(node.commit(unanimous(u))).toBe('u order executed; t score executed');
    const part = new Node({ t, u });
    const votes = (above: number) =>
      certify(
        t,
        Array.from({ length: n }, (_, i): PlainVote => ({ base: i < above ? 1 : 0 })),
      );
    expect(part.offer(votes(2))).toBe('');
    expect(part.offer(votes(1))).toBe('t score executed');
  });

  it('a rival that only missing votes list is a rival', () => {
    const node = new Node({ t, u, v });
    const votes = Array.from({ length: n }, (_, i): PlainVote => (i < 1 ? { base: 1, before: [u] } : {}));
    expect(node.offer(certify(t, votes))).toBe('t score executed');
  });

  it('a rival whose number is used in the committed order is none', () => {
    const twin = on(1, 1, 'twin', [], ['b']);
    const node = new Node({ t, u, twin });
    expect(node.offer(unanimous(t, { before: [u] }))).toBe('');
    expect(node.commit(unanimous(twin))).toBe('twin order executed; t score executed');
    const blind = new Node({ t, u, twin }, [u.id]);
    blind.offer(unanimous(t, { before: [u] }));
    expect(blind.commit(unanimous(twin))).toBe('twin order executed');
  });

  it('a rival whose number is used only by score stays one: its block may still put it first', () => {
    const a = on(3, 1, 'a', [], ['x']);
    const b = on(3, 1, 'b');
    const node = new Node({ a, b, t });
    expect(node.offer(unanimous(t, { before: [b] }))).toBe('');
    expect(node.offer(unanimous(a))).toBe('a score executed');
    expect(node.order.settled(b.id)).toBe(false);
    expect(node.order.waiting.has(t.id)).toBe(true);
    expect(node.commit(unanimous(a), unanimous(b, { before: [a] }))).toBe('b order void; t score executed');
  });

  it('a twin of what was delivered is offered in vain, and void in the block', () => {
    const a = on(3, 1, 'a', [], ['x']);
    const b = on(3, 1, 'b', [], ['y']);
    const node = new Node({ a, b });
    node.offer(listing(b, 3, [a]));
    expect(node.order.waiting.has(b.id)).toBe(true);
    expect(node.offer(unanimous(a))).toBe('a score executed');
    expect(node.order.waiting.has(b.id)).toBe(false);
    expect(node.offer(unanimous(b))).toBe('');
    expect(node.commit(unanimous(a), unanimous(b, { before: [a] }))).toBe('b order void');
    expect(node.order.numberUsed(b.header.ingress, b.header.number)).toBe(true);
  });

  it('halts rather than make void what it delivered', () => {
    const a = on(3, 1, 'a', [], ['x']);
    const b = on(3, 1, 'b', [], ['y']);
    const node = new Node({ a, b });
    node.offer(unanimous(a));
    expect(() => node.commit(unanimous(b), unanimous(a, { before: [b] }))).toThrow(
      /delivered by score and is void/,
    );
  });

  it('goes on after a restart from what is committed', () => {
    const known = { t, u, v };
    const node = new Node(known);
    node.commit(unanimous(t));
    const again = new DeliveryOrder(new CommittedOrder(node.store, epoch, n), quorum, () => undefined);
    expect([again.has(t.id), again.committed.height, again.settled(t.id)]).toEqual([true, 1, true]);
    const { batch: one, keys, certificate, certificateDigest } = unanimous(u, { before: [t], base: 1 });
    expect(again.offer(one, keys, certificate, certificateDigest)).toHaveLength(1);
  });
});
