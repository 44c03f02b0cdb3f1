/**
 * One log line of a kind in a while. Strangers decide how often a socket fails, so lines about them must
 * not fill a disk: the first of a key is written, later ones are counted, and the next that is due says
 * how many were held back. Keys come from a finite set (kind and peer), never from what was received.
 */

import type { TransportClock, TransportLog } from './options.ts';

export class LogGate {
  readonly #log: TransportLog;
  readonly #clock: TransportClock;
  readonly #intervalMs: number;
  readonly #last = new Map<string, { at: number; held: number }>();

  constructor(log: TransportLog, clock: TransportClock, intervalMs: number) {
    this.#log = log;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  write(level: 'info' | 'warn' | 'debug', key: string, fields: object, message: string): void {
    const now = this.#clock.now();
    const last = this.#last.get(key);
    if (last && now - last.at < this.#intervalMs) {
      last.held += 1;
      return;
    }
    this.#last.set(key, { at: now, held: 0 });
    this.#log[level](last?.held ? { ...fields, alsoHeldBack: last.held } : fields, message);
  }
}

/** A reason that the other side sent, made fit for a log line. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 120);
