/**
 * Those who wait for what becomes of transactions: requests and connections. A wait is a ticket of its owner
 * for one transaction, and is answered once, when the transaction is as far as was asked, when its time is
 * up, or when the signer stops. Waits hang on the transaction's record, so that answering costs nothing
 * but the answer; when an owner goes, all that it left here is removed. The number of waits is bounded.
 */

import { Deadlines, Timed } from '../base/deadlines.ts';
import type { Wait as WaitLevel } from '../messages/http.ts';
import type { ProvenBatch } from '../verify/receipt-make.ts';
import type { Admission, OpenTransaction } from './admission.ts';

/** How far each level is: a higher one answers those below. */
const rank: Readonly<Record<WaitLevel, number>> = { accepted: 0, score: 1, order: 2 };

/** Who is answered. Tickets are the owner's own numbers. */
export interface WaitOwner {
  /** Durable in a batch, without a proof of more. */
  accepted(ticket: number): void;
  /** At this index of the batch. */
  proven(ticket: number, batch: ProvenBatch, index: number): void;
  /** The time is up, or the signer stops. @param reached durable in a batch, as far as is known. */
  late(ticket: number, reached: boolean): void;
}

/** The waits of one owner. */
export class WaitGroup {
  readonly owner: WaitOwner;
  readonly deadlines = new Deadlines<Wait>();

  constructor(owner: WaitOwner) {
    this.owner = owner;
  }
}

export class Wait extends Timed {
  readonly group: WaitGroup;
  readonly ticket: number;
  readonly rank: number;
  readonly record: OpenTransaction;
  previous: Wait | undefined;
  next: Wait | undefined;

  constructor(group: WaitGroup, ticket: number, level: WaitLevel, record: OpenTransaction) {
    super();
    this.group = group;
    this.ticket = ticket;
    this.rank = rank[level];
    this.record = record;
  }
}

export interface WaitsOptions {
  readonly admission: Admission;
  readonly sizeMax: number;
  /** Whether a transaction is durable in a batch or final. */
  readonly reached: (record: OpenTransaction) => boolean;
}

/** How often deadlines are looked at. */
const tickMs = 20;

export class Waits {
  readonly #options: WaitsOptions;
  readonly #groups = new Set<WaitGroup>();
  #size = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(options: WaitsOptions) {
    this.#options = options;
  }

  /** Waits under way. */
  get size(): number {
    return this.#size;
  }

  hasRoom(count: number): boolean {
    return this.#size + count <= this.#options.sizeMax;
  }

  /** @param now `performance.now()`. */
  add(
    group: WaitGroup,
    ticket: number,
    level: WaitLevel,
    record: OpenTransaction,
    now: number,
    afterMs: number,
  ): void {
    const wait = new Wait(group, ticket, level, record);
    wait.next = record.waits;
    if (record.waits) record.waits.previous = wait;
    record.waits = wait;
    if (group.deadlines.size === 0) this.#groups.add(group);
    group.deadlines.add(wait, now, afterMs);
    this.#size += 1;
    this.#ticking ??= setInterval(() => this.#tick(), tickMs).unref();
  }

  /** The transaction is durable in a batch: answers those who wait for no more. */
  accepted(record: OpenTransaction): void {
    for (let wait = record.waits; wait; wait = wait.next)
      if (wait.rank === rank.accepted) {
        this.#remove(wait);
        wait.group.owner.accepted(wait.ticket);
      }
  }

  /** Answers those who wait for this level or a lower one. */
  proven(record: OpenTransaction, level: WaitLevel, batch: ProvenBatch, index: number): void {
    const reached = rank[level];
    for (let wait = record.waits; wait; wait = wait.next)
      if (wait.rank <= reached) {
        this.#remove(wait);
        wait.group.owner.proven(wait.ticket, batch, index);
      }
  }

  /** The owner is gone: its waits are removed without an answer. */
  end(group: WaitGroup): void {
    for (const wait of group.deadlines.takeAll()) this.#unlink(wait);
    this.#groups.delete(group);
  }

  /** Ends every wait with what it has. */
  close(): void {
    for (const group of [...this.#groups]) for (const wait of group.deadlines.takeAll()) this.#late(wait);
    this.#groups.clear();
    clearInterval(this.#ticking);
  }

  #tick(): void {
    const now = performance.now();
    for (const group of this.#groups) {
      for (let wait = group.deadlines.due(now); wait; wait = group.deadlines.due(now)) this.#late(wait);
      if (group.deadlines.size === 0) this.#groups.delete(group);
    }
    if (this.#groups.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  /** @param wait out of its group's deadlines already. */
  #late(wait: Wait): void {
    this.#unlink(wait);
    wait.group.owner.late(wait.ticket, this.#options.reached(wait.record));
  }

  #remove(wait: Wait): void {
    wait.group.deadlines.remove(wait);
    this.#unlink(wait);
  }

  #unlink(wait: Wait): void {
    const { record, previous, next } = wait;
    if (previous) previous.next = next;
    else record.waits = next;
    if (next) next.previous = previous;
    this.#size -= 1;
    this.#options.admission.release(record);
  }
}
