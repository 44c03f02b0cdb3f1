/**
 * Follows one signer at a time and goes on to the next when it fails, stalls or lies (protocol section
 * 11). Whom it follows never decides what is applied: everything passes `VerifiedOrder`.
 *
 * A signer can do nothing worse than to send nothing. So when no event has come for a while, the others
 * are asked for their heights, and if one claims to be further, it is time to follow somebody else.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { StreamEvent } from '../../messages/stream.ts';
import { reasonOf } from '../../store/error.ts';
import { ForgedEvent } from './errors.ts';
import type { Pipeline } from './pipeline.ts';
import { claimedHeight } from './signer-height.ts';
import { SignerStream } from './signer-stream.ts';
import { type Backoff, type Ending, Sources } from './sources.ts';
import type { VerifiedOrder } from './verified-order.ts';

export interface FollowerTiming {
  /** Silence after which the other signers are asked how far they are. */
  readonly stallMs: number;
  readonly pollMs: number;
  readonly heartbeatMs: number;
  readonly connectMs: number;
  readonly failedMs: Backoff;
  readonly forgedMs: Backoff;
}

export const defaultTiming: FollowerTiming = {
  stallMs: 10_000,
  pollMs: 3_000,
  heartbeatMs: 15_000,
  connectMs: 10_000,
  failedMs: { min: 250, max: 15_000 },
  forgedMs: { min: 60_000, max: 3_600_000 },
};

export interface FollowerOptions {
  /** Base URLs of signers, the preferred one first. */
  readonly sources: readonly string[];
  /** Signers of the federation. */
  readonly n: number;
  readonly order: VerifiedOrder;
  readonly pipeline: Pipeline;
  readonly log: { info(line: string): void; warn(line: string): void };
  readonly creditMax?: number | undefined;
  readonly timing?: Partial<FollowerTiming> | undefined;
}

/** Events on their way or waiting to be applied. */
const creditMaxDefault = 256;
/** Signers asked for their height at a time. */
const askedMax = 4;

/** What happened so far, for metrics. */
export interface FollowerCounts {
  readonly events: Record<StreamEvent['type'], number>;
  readonly endings: Record<Ending, number>;
}

export class Follower {
  readonly counts: FollowerCounts = {
    events: { hello: 0, batch: 0, block: 0 },
    endings: { failed: 0, stalled: 0, forged: 0 },
  };
  readonly #options: FollowerOptions;
  readonly #timing: FollowerTiming;
  readonly #sources: Sources;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #following: string | undefined;
  /** Highest height that any signer claimed. */
  #claimed = 0;
  #asked = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    const { failedMs, forgedMs, stallMs } = this.#timing;
    this.#sources = new Sources(options.sources, { failedMs, forgedMs, stalledMs: 2 * stallMs });
  }

  /** The signer that greeted us and that we follow now. */
  get following(): string | undefined {
    return this.#following;
  }

  /** Blocks that some signer claims to have and we have not applied. */
  get lag(): number {
    return Math.max(0, this.#claimed - this.#options.pipeline.height);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { pipeline, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted && !pipeline.failure) {
      const next = this.#sources.next(Date.now());
      if ('waitMs' in next) {
        await delay(next.waitMs, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const { ending, reason } = await this.#follow(next.url);
      this.#following = undefined;
      if (signal.aborted || pipeline.failure) return;
      this.counts.endings[ending] += 1;
      this.#sources.ended(next.url, ending, Date.now(), Math.random());
      log.warn(`signer ${next.url} ${ending === 'forged' ? 'lies' : ending}: ${reason}`);
    }
  }

  /** Follows one signer until its stream ends; never rejects. */
  #follow(url: string): Promise<{ ending: Ending; reason: string }> {
    const { order, n, creditMax = creditMaxDefault } = this.#options;
    const { heartbeatMs, connectMs, pollMs, stallMs } = this.#timing;
    return new Promise((resolve) => {
      let lastEventAt = Date.now();
      const end = (ending: Ending, reason: string): void => {
        clearInterval(watching);
        this.#stop.signal.removeEventListener('abort', stopped);
        stream.close();
        resolve({ ending, reason });
      };
      const stopped = (): void => end('failed', 'the learner is stopping');
      this.#stop.signal.addEventListener('abort', stopped);
      const stream = new SignerStream({
        url,
        after: order.height,
        n,
        creditMax,
        heartbeatMs,
        connectMs,
        ended: end,
        event: (event) => {
          lastEventAt = Date.now();
          const refusal = this.#take(url, event, () => stream.settled());
          if (refusal) end(...refusal);
        },
      });
      const watching = setInterval(async () => {
        // While events wait here it is us who are slow.
        if (stream.inFlight > 0 || Date.now() - lastEventAt < stallMs) return;
        const further = await this.#further(url);
        if (further && Date.now() - lastEventAt >= stallMs)
          end('stalled', `it is silent, and ${further} is at height ${this.#claimed}`);
      }, pollMs);
      watching.unref();
    });
  }

  /** Why not to follow this signer any longer, or undefined. */
  #take(url: string, event: StreamEvent, settled: () => void): [Ending, string] | undefined {
    const { order, pipeline, log } = this.#options;
    this.counts.events[event.type] += 1;
    const { height: before } = order;
    const height = event.type === 'hello' ? event.height : event.type === 'block' ? event.block.height : 0;
    try {
      pipeline.take(event, settled);
    } catch (error) {
      return [error instanceof ForgedEvent ? 'forged' : 'failed', reasonOf(error)];
    }
    this.#claimed = Math.max(this.#claimed, height);
    if (event.type === 'hello') {
      if (this.#following === url) return undefined;
      this.#following = url;
      log.info(`following ${url} from height ${order.height}`);
    } else if (event.type === 'batch' || order.height > before) this.#sources.served(url);
    return undefined;
  }

  /** Another signer that claims to be further than we are. */
  async #further(url: string): Promise<string | undefined> {
    const others = this.#sources.others(url);
    const asked = others.map((_, i) => others[(this.#asked + i) % others.length]!).slice(0, askedMax);
    this.#asked += asked.length;
    const heights = await Promise.all(asked.map((one) => claimedHeight(one, this.#timing.pollMs)));
    this.#claimed = Math.max(this.#options.order.height, ...heights.map((one) => one ?? 0));
    return asked.find((_, i) => (heights[i] ?? 0) > this.#options.order.height);
  }
}
