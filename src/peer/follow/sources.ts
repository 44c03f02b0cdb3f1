/**
 * Which signer to follow next (protocol section 11: any one will do). The first in the order of
 * preference that is not to be left alone for a while. How long that is depends on how it ended:
 *
 * - failed: a short while, twice as long each time, until it brings something again;
 * - stalled: a short while; it may be the one that is right, and the others lie about their height;
 * - forged: long, twice as long each time. Not for ever: without TLS somebody on the way may have
 *   changed its stream.
 *
 * Pure: time and randomness are parameters.
 */

export type Ending = 'failed' | 'stalled' | 'forged';

export interface Backoff {
  readonly min: number;
  readonly max: number;
}

export interface SourcesOptions {
  readonly failedMs: Backoff;
  readonly stalledMs: number;
  readonly forgedMs: Backoff;
}

interface Source {
  readonly url: string;
  failures: number;
  forgeries: number;
  /** Not to be followed before this time. */
  notBefore: number;
}

const grown = ({ min, max }: Backoff, times: number): number => Math.min(max, min * 2 ** Math.min(times, 40));

export class Sources {
  readonly #sources: readonly Source[];
  readonly #options: SourcesOptions;

  /** @param urls the preferred one first; at least one. */
  constructor(urls: readonly string[], options: SourcesOptions) {
    this.#sources = urls.map((url) => ({ url, failures: 0, forgeries: 0, notBefore: 0 }));
    this.#options = options;
  }

  /** Whom to follow now, or how long to wait, in ms. */
  next(now: number): { readonly url: string } | { readonly waitMs: number } {
    const ready = this.#sources.find((source) => source.notBefore <= now);
    if (ready) return { url: ready.url };
    return { waitMs: Math.min(...this.#sources.map((source) => source.notBefore)) - now };
  }

  others(url: string): string[] {
    return this.#sources.filter((source) => source.url !== url).map((source) => source.url);
  }

  /** It brought something new that verified. */
  served(url: string): void {
    const source = this.#find(url);
    if (source) source.failures = 0;
  }

  /** @param random from 0 to 1, spreads learners that lost the same signer. */
  ended(url: string, ending: Ending, now: number, random: number): void {
    const source = this.#find(url);
    if (!source) return;
    const { failedMs, stalledMs, forgedMs } = this.#options;
    if (ending === 'failed') {
      const waitMs = grown(failedMs, source.failures++);
      source.notBefore = now + waitMs * (0.75 + 0.5 * random);
    } else if (ending === 'stalled') source.notBefore = now + stalledMs;
    else source.notBefore = now + grown(forgedMs, source.forgeries++);
  }

  #find(url: string): Source | undefined {
    return this.#sources.find((source) => source.url === url);
  }
}
