/**
 * What clients may have under way at this signer (protocol section 9, "Overload"): bytes that wait for a
 * batch, all clients together, and transactions of one client that are not final. Past a bound nothing is
 * taken and the client is told to come back; what was taken is never dropped.
 *
 * A client here is the client id of a transaction. Ids without a signature are free to invent, so the
 * bound for each client keeps honest ones from each other's way, and the bound in bytes protects memory.
 *
 * One record for each transaction that is under way or waited for, found by one look-up (`waiters.ts` has the
 * waiting). Invariants:
 * 1. A record has a share exactly as long as its transaction counts: from when it was taken until it is final.
 * 2. A record is in the table as long as it counts or somebody waits.
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import type { TransactionId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import type { AdmissionLimits } from './config.ts';
import type { Wait } from './waiters.ts';

/** What one client has under way. */
export class ClientShare {
  readonly client: Uint8Array;
  /** In hex. */
  readonly name: string;
  open = 0;

  constructor(client: Uint8Array, name: string) {
    this.client = client;
    this.name = name;
  }
}

/** A transaction that is under way here, or that somebody waits for. */
export class OpenTransaction {
  readonly id: TransactionId;
  share: ClientShare | undefined;
  /** Bytes it takes in a batch. */
  size = 0;
  /** Durable in an own batch: it left the queue. */
  accepted = false;
  /** First of those who wait for it. */
  waits: Wait | undefined;

  constructor(id: TransactionId) {
    this.id = id;
  }
}

const good: Result<undefined> = accept(undefined);
const tooManyBytes = refuse('OVERLOADED', 'too many transactions wait for a batch at this signer');

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #table = new Map<TransactionId, OpenTransaction>();
  readonly #shares = new Map<string, ClientShare>();
  #open = 0;
  #queuedBytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Bytes of transactions that wait for a batch. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Transactions taken here that are not final. */
  get open(): number {
    return this.#open;
  }

  /** Records of transactions that somebody waits for and that do not count. */
  get lingering(): number {
    return this.#table.size - this.#open;
  }

  find(id: TransactionId): OpenTransaction | undefined {
    return this.#table.get(id);
  }

  /** The record of a transaction, a new one if need be. */
  record(id: TransactionId): OpenTransaction {
    let record = this.#table.get(id);
    if (!record) {
      record = new OpenTransaction(id);
      this.#table.set(id, record);
    }
    return record;
  }

  /** @param last the share found before; one connection's transactions are mostly of one client. */
  shareOf(client: Uint8Array, last?: ClientShare): ClientShare {
    if (last && equalBytes(last.client, client)) return last;
    const name = toHex(client);
    return this.#shares.get(name) ?? new ClientShare(client.slice(), name);
  }

  /** Takes a transaction that does not count yet, or refuses it. */
  admit(record: OpenTransaction, share: ClientShare, size: number): Result<undefined> {
    if (this.#queuedBytes + size > this.#limits.queueBytesMax) return tooManyBytes;
    if (share.open >= this.#limits.outstandingPerClientMax)
      return refuse('OVERLOADED', `client ${share.name} has too many transactions that are not final`);
    this.#count(record, share, size);
    this.#queuedBytes += size;
    return good;
  }

  /** Takes back what an own batch held when this signer was started. */
  restore(id: TransactionId, client: Uint8Array, size: number): void {
    const record = this.record(id);
    if (record.share) return;
    this.#count(record, this.shareOf(client), size);
    record.accepted = true;
  }

  /** Durable in an own batch. */
  accepted(record: OpenTransaction): void {
    if (!record.share || record.accepted) return;
    record.accepted = true;
    this.#queuedBytes -= record.size;
  }

  /**
   * Final, in whichever signer's batch. One that another signer's batch brought is not counted any more,
   * although it may still wait here: what comes twice is a duplicate, and clients that do so pay twice.
   */
  final(record: OpenTransaction): void {
    const { share } = record;
    if (!share) return;
    record.share = undefined;
    this.#open -= 1;
    if (!record.accepted) this.#queuedBytes -= record.size;
    share.open -= 1;
    if (share.open === 0) this.#shares.delete(share.name);
  }

  /** Forgets the record if it does not count and nobody waits. */
  release(record: OpenTransaction): void {
    if (!record.share && !record.waits) this.#table.delete(record.id);
  }

  #count(record: OpenTransaction, share: ClientShare, size: number): void {
    record.share = share;
    record.size = size;
    record.accepted = false;
    this.#open += 1;
    share.open += 1;
    if (share.open === 1) this.#shares.set(share.name, share);
  }
}
