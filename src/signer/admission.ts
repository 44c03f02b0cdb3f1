/**
 * What clients may have under way at this signer (protocol section 9, "Overload"): bytes that wait for a
 * batch, all clients together, and transactions of one client that are not final. Past a bound nothing of
 * a request is taken and the client is told to come back; what was taken is never dropped.
 *
 * A client here is the client id of a transaction. Ids without a signature are free to invent, so the
 * bound for each client keeps honest ones from each other's way, and the bound in bytes protects memory.
 */

import type { TransactionId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import type { AdmissionLimits } from './config.ts';

export interface Candidate {
  readonly id: TransactionId;
  /** Client id as hex. */
  readonly client: string;
  /** Bytes it will take in a batch. */
  readonly size: number;
}

interface Open extends Candidate {
  /** Durable in an own batch: it left the queue. */
  accepted: boolean;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #open = new Map<TransactionId, Open>();
  readonly #outstanding = new Map<string, number>();
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
    return this.#open.size;
  }

  /** Undefined when it is not under way here. */
  stage(id: TransactionId): 'queued' | 'accepted' | undefined {
    const open = this.#open.get(id);
    return open && (open.accepted ? 'accepted' : 'queued');
  }

  /** Takes all of the candidates, none of which is under way here, or none. */
  admit(candidates: readonly Candidate[]): Result<undefined> {
    const bytes = candidates.reduce((sum, { size }) => sum + size, 0);
    if (this.#queuedBytes + bytes > this.#limits.queueBytesMax)
      return refuse('OVERLOADED', 'too many transactions wait for a batch at this signer');
    const added = new Map<string, number>();
    for (const { client } of candidates) added.set(client, (added.get(client) ?? 0) + 1);
    for (const [client, count] of added)
      if ((this.#outstanding.get(client) ?? 0) + count > this.#limits.outstandingPerClientMax)
        return refuse('OVERLOADED', `client ${client} has too many transactions that are not final`);
    for (const candidate of candidates) this.#add(candidate, false);
    return accept(undefined);
  }

  /** Takes back what own batches held when this signer was started. */
  restore(candidates: readonly Candidate[]): void {
    for (const candidate of candidates) if (!this.#open.has(candidate.id)) this.#add(candidate, true);
  }

  /** Durable in an own batch. */
  accepted(ids: Iterable<TransactionId>): void {
    for (const id of ids) {
      const open = this.#open.get(id);
      if (!open || open.accepted) continue;
      open.accepted = true;
      this.#queuedBytes -= open.size;
    }
  }

  /**
   * Final, in whichever signer's batch. One that another signer's batch brought is not counted any more,
   * although it may still wait here: what comes twice is a duplicate, and clients that do so pay twice.
   */
  final(ids: Iterable<TransactionId>): void {
    for (const id of ids) {
      const open = this.#open.get(id);
      if (!open) continue;
      this.#open.delete(id);
      if (!open.accepted) this.#queuedBytes -= open.size;
      const left = this.#outstanding.get(open.client)! - 1;
      if (left === 0) this.#outstanding.delete(open.client);
      else this.#outstanding.set(open.client, left);
    }
  }

  #add(candidate: Candidate, accepted: boolean): void {
    this.#open.set(candidate.id, { ...candidate, accepted });
    this.#outstanding.set(candidate.client, (this.#outstanding.get(candidate.client) ?? 0) + 1);
    if (!accepted) this.#queuedBytes += candidate.size;
  }
}
