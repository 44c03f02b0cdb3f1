/**
 * The two ways to load a system.
 *
 * Closed loop: a fixed number of writes under way; each is followed by the next when it is confirmed.
 * Latencies are of what was confirmed in the window.
 *
 * Open loop: writes are due at times drawn beforehand, whatever comes back, and each latency counts from
 * when its write was due: a stall is felt by all that should have been sent meanwhile (no coordinated
 * omission). Latencies are of what was due in the window, so the loop waits for the last of them.
 *
 * Throughput is what was confirmed in the window, either way.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import { Histogram } from '../histogram.ts';
import type { Driver } from './driver.ts';
import type { LoadPlan, LoadResult } from './plan.ts';
import type { SendTimes } from './schedule.ts';

const failuresShown = 3;
/** A slot whose write failed waits this long: a system that is down must not be hammered. */
const failurePauseMs = 50;

export class Loop {
  readonly #driver: Driver;
  readonly #plan: LoadPlan;
  readonly #key: () => string;
  readonly #value: (key: string) => Uint8Array;
  readonly #latency = new Histogram();
  readonly #failures: string[] = [];
  #confirmed = 0;
  #score = 0;
  #order = 0;
  #rejected = 0;
  #failed = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;

  constructor(driver: Driver, plan: LoadPlan, key: () => string, value: (key: string) => Uint8Array) {
    this.#driver = driver;
    this.#plan = plan;
    this.#key = key;
    this.#value = value;
  }

  /** Closed loop until `toMs`; what is under way then is not waited for. */
  async closed(fromMs: number, toMs: number): Promise<void> {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    const connections = this.#plan.at.length;
    const slots = Array.from({ length: this.#plan.outstanding }, (_, slot) => this.#slot(slot % connections));
    await Promise.race([Promise.all(slots), sleep(toMs - nowMs())]);
  }

  async #slot(connection: number): Promise<void> {
    for (let sentMs = nowMs(); sentMs < this.#toMs; ) sentMs = await this.#write(connection, sentMs, false);
  }

  /** Open loop: sends at the given times, until `toMs`, and waits for what was due before. */
  async open(fromMs: number, toMs: number, times: SendTimes): Promise<void> {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    const under = new Set<Promise<unknown>>();
    let connection = 0;
    for (let dueMs = times.next(); dueMs < toMs; dueMs = times.next()) {
      const earlyMs = dueMs - nowMs();
      if (earlyMs > 1) await sleep(earlyMs);
      // What is due may be more than is allowed under way: it waits, and its clock runs.
      while (under.size >= this.#plan.outstanding) await Promise.race(under);
      const write = this.#write(connection++ % this.#plan.at.length, dueMs, true);
      under.add(write);
      void write.then(() => under.delete(write));
    }
    await Promise.all(under);
  }

  /** One write. @returns when it was done. */
  async #write(connection: number, sinceMs: number, countByDue: boolean): Promise<number> {
    const key = this.#key();
    try {
      const { finality, rejected } = await this.#driver.write(connection, key, this.#value(key));
      const doneMs = nowMs();
      if (this.#inWindow(doneMs)) this.#confirmed += 1;
      if (!this.#inWindow(countByDue ? sinceMs : doneMs)) return doneMs;
      this.#latency.add(doneMs - sinceMs);
      if (finality === 'score') this.#score += 1;
      else this.#order += 1;
      if (rejected) this.#rejected += 1;
      return doneMs;
    } catch (error) {
      // After the end connections are closed under what is still on its way.
      if (nowMs() < this.#toMs) this.#fail(error);
      await sleep(failurePauseMs);
      return nowMs();
    }
  }

  #inWindow(ms: number): boolean {
    return ms >= this.#fromMs && ms < this.#toMs;
  }

  #fail(error: unknown): void {
    this.#failed += 1;
    if (this.#failures.length < failuresShown)
      this.#failures.push(error instanceof Error ? error.message : String(error));
  }

  result(verifiedAgain: number): LoadResult {
    return {
      confirmed: this.#confirmed,
      score: this.#score,
      order: this.#order,
      rejected: this.#rejected,
      failed: this.#failed,
      failures: this.#failures,
      latency: this.#latency.json(),
      verifiedAgain,
    };
  }
}
