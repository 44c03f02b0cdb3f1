/**
 * Requests that wait for what becomes of transactions. One request waits for several ids and is answered
 * when each has its answer, or when its time is up, its client is gone, or the signer stops; then all that
 * it left here is removed. The number of waits is bounded.
 */

import type { TransactionId } from '../base/ids.ts';
import type { Wait } from '../messages/http.ts';
import type { ReceiptJson } from '../messages/receipt-json.ts';

/** What is known of a transaction: it is durable here, or final with this receipt. */
export interface Answer {
  readonly receipt?: ReceiptJson;
}

/** How far each level is: a higher one answers those below. */
const rank: Readonly<Record<Wait, number>> = { accepted: 0, score: 1, order: 2 };

interface Waiter {
  readonly level: Wait;
  readonly done: (answer: Answer) => void;
}

export class Waiters {
  readonly #sizeMax: number;
  readonly #waiters = new Map<TransactionId, Set<Waiter>>();
  readonly #ends = new Set<() => void>();
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Waits under way, one for each request and transaction. */
  get size(): number {
    return this.#size;
  }

  hasRoom(count: number): boolean {
    return this.#size + count <= this.#sizeMax;
  }

  /**
   * Resolves with the answers that came; what has none is not in the map.
   * @param signal ends the wait early.
   */
  wait(
    ids: readonly TransactionId[],
    level: Wait,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Map<TransactionId, Answer>> {
    const answers = new Map<TransactionId, Answer>();
    const open = new Map<TransactionId, Waiter>();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#ends.delete(end);
        for (const [id, waiter] of open) this.#remove(id, waiter);
        resolve(answers);
      };
      const timer = setTimeout(end, timeoutMs);
      signal.addEventListener('abort', end);
      this.#ends.add(end);
      for (const id of ids) {
        const done = (answer: Answer): void => {
          answers.set(id, answer);
          open.delete(id);
          if (open.size === 0) end();
        };
        open.set(id, { level, done });
      }
      for (const [id, waiter] of open) this.#add(id, waiter);
      if (signal.aborted || open.size === 0) end();
    });
  }

  /**
   * Answers those who wait for this level or a lower one.
   * @param make the answer; undefined when there is none yet after all. Called only when somebody waits.
   */
  answer(id: TransactionId, level: Wait, make: () => Answer | undefined): void {
    const waiters = [...(this.#waiters.get(id) ?? [])].filter((one) => rank[one.level] <= rank[level]);
    if (waiters.length === 0) return;
    const answer = make();
    if (!answer) return;
    for (const waiter of waiters) {
      this.#remove(id, waiter);
      waiter.done(answer);
    }
  }

  /** Ends every wait with what it has. */
  close(): void {
    for (const end of [...this.#ends]) end();
  }

  #add(id: TransactionId, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (waiters) waiters.add(waiter);
    else this.#waiters.set(id, new Set([waiter]));
    this.#size += 1;
  }

  #remove(id: TransactionId, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (!waiters?.delete(waiter)) return;
    this.#size -= 1;
    if (waiters.size === 0) this.#waiters.delete(id);
  }
}
