/**
 * Transactions of clients on their way into a batch of this signer's, in the order in which they came
 * (`ingress.ts` has the rules). What may not travel now stays where it is and is passed over; a lane looks
 * again at what it passed over only when something changed that kept it there. So a transaction costs the
 * same however many wait, also when thousands wait on a dependency that is frozen.
 */

import type { TransactionId } from '../base/ids.ts';
import { type BatchKeys, dependencyKey, type Key } from '../dependency/keys.ts';
import type { EncodedTransaction } from '../messages/transaction.ts';

export type Touching = Pick<BatchKeys, 'dependencies' | 'wildcard' | 'explicit'>;
export interface Queued extends EncodedTransaction, Touching {}

/** Keys that transactions must not touch for now, or that skipped ones touch. */
export class KeySet {
  readonly #keys = new Set<Key>();
  #wildcard = false;
  #explicit = false;

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  add(of: Touching): void {
    for (const key of of.dependencies) this.#keys.add(key);
    this.#wildcard ||= of.wildcard;
    this.#explicit ||= of.explicit;
  }

  meets({ dependencies, wildcard, explicit }: Touching): boolean {
    if (wildcard && this.#explicit) return true;
    if (this.#wildcard && explicit) return true;
    if (this.#keys.size > 0) for (const key of dependencies) if (this.#keys.has(key)) return true;
    return false;
  }
}

/** Ordinary transactions, and those on recently contested dependencies, travel apart. */
export type Lane = 'ordinary' | 'contested';

/** What nothing may touch now. */
export interface Obstacles {
  /** Names what `keys` would give: the same name, the same keys. */
  readonly name: string;
  readonly keys: () => KeySet;
}

/** What a lane knows of the queue: up to `at` nothing may travel, because it touches `blocked`. */
interface Scan {
  readonly obstacles: string;
  readonly blocked: KeySet;
  at: number;
}

/** Places of transactions that left are given back when they are so many, and most of the queue. */
const gapsMin = 1024;

export class IngressQueue {
  /** Undefined where a transaction left. */
  #items: (Queued | undefined)[] = [];
  #first = 0;
  readonly #ids = new Set<TransactionId>();
  readonly #scans = new Map<Lane, Scan>();

  get size(): number {
    return this.#ids.size;
  }

  has(id: TransactionId): boolean {
    return this.#ids.has(id);
  }

  push(one: EncodedTransaction): void {
    const { dependencies } = one.transaction;
    this.#ids.add(one.id);
    this.#items.push({
      transaction: one.transaction,
      id: one.id,
      raw: one.raw,
      dependencies: dependencies === undefined ? [] : dependencies.map(dependencyKey),
      wildcard: dependencies === undefined,
      explicit: dependencies === undefined || dependencies.length > 0,
    });
  }

  /** Something changed that decides what may travel: all lanes look again. */
  changed(): void {
    this.#scans.clear();
  }

  /** The keys that nothing of this lane may touch now, as far as it has looked. */
  blocked(lane: Lane, obstacles: Obstacles): KeySet {
    return this.#scan(lane, obstacles).blocked;
  }

  #scan(lane: Lane, { name, keys }: Obstacles): Scan {
    const known = this.#scans.get(lane);
    if (known?.obstacles === name) return known;
    const scan: Scan = { obstacles: name, blocked: keys(), at: this.#first };
    this.#scans.set(lane, scan);
    return scan;
  }

  /**
   * Takes out what may travel, in order, going on from where the lane has looked. It ends before the first
   * that has no room any more, in number or in bytes.
   * @param travels whether a transaction is of this lane; `changed` when that changes.
   */
  take(
    lane: Lane,
    obstacles: Obstacles,
    travels: (one: Queued) => boolean,
    countMax: number,
    bytesMax: number,
  ): Queued[] {
    const scan = this.#scan(lane, obstacles);
    const chosen: Queued[] = [];
    let bytes = 0;
    for (; scan.at < this.#items.length; scan.at++) {
      const one = this.#items[scan.at];
      if (!one) continue;
      if (chosen.length >= countMax || bytes + one.raw.length > bytesMax) break;
      if (!travels(one) || scan.blocked.meets(one)) {
        scan.blocked.add(one);
        continue;
      }
      chosen.push(one);
      bytes += one.raw.length;
      this.#items[scan.at] = undefined;
      this.#ids.delete(one.id);
    }
    if (chosen.length === 0) return chosen;
    // The other lane may have passed over something because of what left now.
    this.#scans.delete(lane === 'ordinary' ? 'contested' : 'ordinary');
    while (this.#first < this.#items.length && !this.#items[this.#first]) this.#first += 1;
    this.#compact();
    return chosen;
  }

  /** Closes the gaps when there are many, which moves everything: lanes look from the start. */
  #compact(): void {
    const gaps = this.#items.length - this.#ids.size;
    if (gaps < gapsMin || gaps < this.#ids.size) return;
    this.#items = this.#items.filter((one) => one !== undefined);
    this.#first = 0;
    this.changed();
  }
}
