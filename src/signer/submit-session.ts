/**
 * One connection of the submission stream (`messages/submission.ts`): transactions in, answers out.
 *
 * Rules:
 * 1. Every ticket is answered once. What is answered in one turn leaves in one message, and the transactions of
 *    one batch share one proof.
 * 2. A message that breaks the form, or a ticket too many, ends the connection.
 * 3. Connections are served in turn (`SubmitTurns`): one that sends more than its share in a turn waits for the
 *    next one, and is not read from meanwhile.
 * 4. Who does not read its answers is not read from, and is dropped when too much waits for it.
 */

import { encodeAnswers, type ProofAnswer } from '../messages/answers.ts';
import type { ErrorJson } from '../messages/http.ts';
import { decodeSubmit, submitOutstandingMax } from '../messages/submission.ts';
import { hashesFor } from '../verify/batch-members.ts';
import type { ProvenBatch } from '../verify/receipt-make.ts';
import type { ClientShare } from './admission.ts';
import type { Submitter, Transactions } from './transactions.ts';
import { WaitGroup } from './waiters.ts';

/** What a session needs of a WebSocket. */
export interface SubmitSocket {
  readonly bufferedAmount: number;
  /** @param sent called when the bytes have left, or never will. */
  send(bytes: Uint8Array, sent: () => void): void;
  /** Stops and resumes reading. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  drop(): void;
  /** The session cannot go on, for a reason of our own: it has closed itself. */
  failed(error: unknown): void;
}

export interface SubmitSources {
  readonly transactions: Transactions;
  readonly turns: SubmitTurns;
  /** Signers. */
  readonly n: number;
}

/** Transactions of one connection in one turn. */
const turnTransactions = 512;
/** Bytes that wait in the socket before nothing more is read, and before the connection is dropped. */
const slowBytes = 1 << 20;
const droppedBytes = 32 << 20;
/** Messages that wait for their turn before nothing more is read. */
const waitingMessagesMax = 4;
/** Bytes of proofs in one message, unless one alone has more. */
const answerBytes = 4 << 20;
const policyViolation = 1008;

/** Gives each connection its turn. */
export class SubmitTurns {
  #number = 0;
  #waiting: SubmitSession[] = [];
  #next: NodeJS.Immediate | undefined;

  /** The turn that it is; it ends when the event loop comes round. */
  get number(): number {
    this.#next ??= setImmediate(() => this.#turn());
    return this.#number;
  }

  /** One more turn for a session that has something waiting. */
  add(session: SubmitSession): void {
    this.#waiting.push(session);
    this.#next ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#next = undefined;
    this.#number += 1;
    const sessions = this.#waiting;
    this.#waiting = [];
    for (const session of sessions) session.serve();
  }
}

/** Tickets of one batch, with the places of their transactions. */
interface Shared {
  readonly tickets: number[];
  readonly indices: number[];
}

export class SubmitSession implements Submitter {
  readonly group = new WaitGroup(this);
  share: ClientShare | undefined;
  readonly #socket: SubmitSocket;
  readonly #sources: SubmitSources;
  readonly #waiting: Uint8Array[] = [];
  #turn = -1;
  #used = 0;
  #outstanding = 0;
  #paused = false;
  #closed = false;
  #flushing = false;
  #accepted: number[] = [];
  #open: number[] = [];
  #errors = new Map<string, { readonly tickets: number[]; readonly error: ErrorJson }>();
  #proofs = new Map<ProvenBatch, Shared>();
  /** The batch that was answered for last. */
  #batch: ProvenBatch | undefined;
  #shared: Shared | undefined;

  constructor(socket: SubmitSocket, sources: SubmitSources) {
    this.#socket = socket;
    this.#sources = sources;
  }

  /** Tickets without an answer. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** A message came; it must not change afterwards. */
  message(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#mayTake()) {
      this.#guarded(() => this.#take(bytes));
      return;
    }
    this.#waiting.push(bytes);
    if (this.#waiting.length === 1) this.#sources.turns.add(this);
    this.#regulate();
  }

  /** Its turn has come: one message. */
  serve(): void {
    const bytes = this.#waiting.shift();
    if (this.#closed || !bytes) return;
    this.#used = 0;
    this.#turn = this.#sources.turns.number;
    this.#guarded(() => this.#take(bytes));
    if (this.#waiting.length > 0) this.#sources.turns.add(this);
    this.#regulate();
  }

  /** The connection is gone. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#sources.transactions.leave(this);
  }

  accepted(ticket: number): void {
    this.#accepted.push(ticket);
    this.#answered();
  }

  proven(ticket: number, batch: ProvenBatch, index: number): void {
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#shared = this.#proofs.get(batch);
      if (!this.#shared) {
        this.#shared = { tickets: [], indices: [] };
        this.#proofs.set(batch, this.#shared);
      }
    }
    this.#shared!.tickets.push(ticket);
    this.#shared!.indices.push(index);
    this.#answered();
  }

  late(ticket: number, reached: boolean): void {
    if (!reached) {
      this.refused(ticket, this.#sources.transactions.lateError);
      return;
    }
    this.#open.push(ticket);
    this.#answered();
  }

  refused(ticket: number, error: ErrorJson): void {
    const key = `${error.code}/${error.message}`;
    const known = this.#errors.get(key);
    if (known) known.tickets.push(ticket);
    else this.#errors.set(key, { tickets: [ticket], error });
    this.#answered();
  }

  /** An error of our own ends this connection and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.close();
      this.#socket.failed(error);
    }
  }

  #mayTake(): boolean {
    const { number } = this.#sources.turns;
    if (number !== this.#turn) {
      this.#turn = number;
      this.#used = 0;
    }
    return this.#used < turnTransactions;
  }

  #take(bytes: Uint8Array): void {
    const message = decodeSubmit(bytes);
    if (!message.ok) {
      this.#end(policyViolation, `${message.error.code}: ${message.error.message}`);
      return;
    }
    const count = message.value.transactions.length;
    this.#used += count;
    this.#outstanding += count;
    if (this.#outstanding > submitOutstandingMax)
      this.#end(policyViolation, `more than ${submitOutstandingMax} transactions without an answer`);
    else this.#sources.transactions.receive(message.value, this);
  }

  #answered(): void {
    this.#outstanding -= 1;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#guarded(() => this.#flush()));
  }

  /** Sends what was answered in this turn. */
  #flush(): void {
    this.#flushing = false;
    let answers = { accepted: this.#accepted, open: this.#open, errors: [...this.#errors.values()] };
    this.#accepted = [];
    this.#open = [];
    this.#errors.clear();
    const proofs = this.#takeProofs();
    do {
      let bytes = 0;
      let count = 0;
      while (count < proofs.length && (count === 0 || bytes < answerBytes)) bytes += sizeOf(proofs[count++]!);
      this.#send(encodeAnswers({ ...answers, proofs: proofs.splice(0, count) }, this.#sources.n));
      answers = { accepted: [], open: [], errors: [] };
    } while (proofs.length > 0);
    this.#regulate();
  }

  #takeProofs(): ProofAnswer[] {
    const answers: ProofAnswer[] = [];
    for (const [{ batch, proof }, shared] of this.#proofs)
      for (const { tickets, indices } of ascending(shared))
        answers.push({ proof, tickets, indices, hashes: hashesFor(batch, indices) });
    this.#proofs.clear();
    this.#batch = undefined;
    return answers;
  }

  #send(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount + bytes.length <= droppedBytes) {
      this.#socket.send(bytes, () => this.#regulate());
      return;
    }
    this.close();
    this.#socket.drop();
  }

  /** Reads only from who is not too far ahead, and reads its answers. */
  #regulate(): void {
    if (this.#closed) return;
    const tooMuch = this.#waiting.length >= waitingMessagesMax || this.#socket.bufferedAmount > slowBytes;
    if (tooMuch === this.#paused) return;
    this.#paused = tooMuch;
    if (tooMuch) this.#socket.pause();
    else this.#socket.resume();
  }

  #end(code: number, reason: string): void {
    this.close();
    this.#socket.close(code, reason.slice(0, 100));
  }
}

const certificateBytes = 1024;

/** About how long a proof is. */
const sizeOf = ({ proof, tickets, hashes }: ProofAnswer): number => {
  const shared = proof.finality === 'score' ? proof.ancestors.length : proof.proof.chain.blocks.length;
  return certificateBytes * (1 + shared) + 8 * tickets.length + 32 * hashes.length;
};

/** In ascending order of the places; who asks twice about one transaction gets two lists. */
function ascending(shared: Shared): Shared[] {
  const { tickets, indices } = shared;
  if (indices.every((index, i) => i === 0 || index > indices[i - 1]!)) return [shared];
  const order = indices.map((_, i) => i).sort((a, b) => indices[a]! - indices[b]!);
  const lists: Shared[] = [];
  let round = 0;
  let previous = -1;
  for (const i of order) {
    round = indices[i] === previous ? round + 1 : 0;
    previous = indices[i]!;
    lists[round] ??= { tickets: [], indices: [] };
    lists[round]!.tickets.push(tickets[i]!);
    lists[round]!.indices.push(indices[i]!);
  }
  return lists;
}
