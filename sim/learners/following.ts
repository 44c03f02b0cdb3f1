/**
 * Whom a learner follows: one source at a time, and the next one when it breaks off, stalls or lies, with
 * the learner's own rule for whom to try again and when (src/peer/follow/sources.ts). A source can do
 * nothing worse than to send nothing; so when nothing came for a while the others are asked how far they
 * are, and if one claims to be further, it is time to follow somebody else.
 */

import type { Height } from '../../src/base/ids.ts';
import { type Ending, Sources } from '../../src/peer/follow/sources.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { LearnerRecord, SimLearner } from './learner.ts';
import type { StreamSource } from './streams.ts';

export interface FollowingTiming {
  /** Silence after which the others are asked how far they are, in ms. */
  readonly stallMs: number;
  /** How long a source is left alone that broke off, and one that lied, in ms. */
  readonly failedMs: number;
  readonly forgedMs: number;
  /** Mean time between connections that break by themselves, in ms; undefined: never. */
  readonly breaksEveryMs: number | undefined;
}

export class Following {
  readonly name: string;
  readonly learner: SimLearner;
  readonly #world: World;
  readonly #random: Random;
  readonly #timing: FollowingTiming;
  readonly #byName: ReadonlyMap<string, StreamSource>;
  readonly #sources: Sources;
  #close: (() => void) | undefined;
  #following: string | undefined;
  /** Raised with each connection, so that what is late belongs to none. */
  #connection = 0;
  #lastEventAt = 0;

  constructor(
    world: World,
    name: string,
    learner: SimLearner,
    sources: readonly StreamSource[],
    timing: FollowingTiming,
  ) {
    this.#world = world;
    this.name = name;
    this.learner = learner;
    this.#timing = timing;
    this.#random = world.random.stream(`learner ${name}`);
    this.#byName = new Map(sources.map((source) => [source.name, source]));
    const { failedMs, forgedMs, stallMs } = timing;
    this.#sources = new Sources([...this.#byName.keys()], {
      failedMs: { min: failedMs, max: 8 * failedMs },
      forgedMs: { min: forgedMs, max: 8 * forgedMs },
      stalledMs: 2 * stallMs,
    });
    world.schedule.after(0, () => this.#connect());
  }

  /** The run is over: a learner whose connection is broken just now does not wait to connect once more. */
  catchUp(): void {
    for (const source of this.#byName.values())
      if (!this.#close && this.learner.halted === undefined) this.#follow(source);
  }

  record(): LearnerRecord {
    const { learner } = this;
    const heights = [...this.#byName.values()].flatMap((source) => source.height() ?? []);
    return {
      name: this.name,
      finality: learner.finality,
      applied: learner.applied,
      height: learner.height,
      reachable: heights.length === 0 ? undefined : (Math.max(...heights) as Height),
      documents: learner.documents.texts,
      refused: learner.refused,
      halted: learner.halted,
    };
  }

  #connect(): void {
    if (this.learner.halted !== undefined || this.#close) return;
    const next = this.#sources.next(this.#world.now);
    if ('waitMs' in next) {
      this.#world.schedule.after(next.waitMs, () => this.#connect());
      return;
    }
    this.#follow(this.#byName.get(next.url)!);
  }

  #follow(source: StreamSource): void {
    const connection = ++this.#connection;
    const isOpen = (): boolean => connection === this.#connection;
    this.#following = source.name;
    this.#lastEventAt = this.#world.now;
    const close = source.open(this.learner.height, {
      event: (event) => {
        if (isOpen() && !this.#take(source.name, event)) this.#end('forged');
      },
      ended: () => {
        if (isOpen()) this.#end('failed');
      },
    });
    if (!isOpen()) close?.();
    else if (!close) this.#end('failed');
    else {
      this.#close = close;
      this.#watch(isOpen);
    }
  }

  #take(from: string, event: Parameters<SimLearner['take']>[1]): boolean {
    const { height } = this.learner;
    const applied = this.learner.applied.length;
    this.#lastEventAt = this.#world.now;
    const fine = this.learner.take(from, event);
    if (this.learner.height > height || this.learner.applied.length > applied) this.#sources.served(from);
    return fine;
  }

  #watch(isOpen: () => boolean): void {
    const { stallMs, breaksEveryMs } = this.#timing;
    if (breaksEveryMs !== undefined)
      this.#world.schedule.after(this.#random.exponential(breaksEveryMs), () => {
        if (isOpen()) this.#end('failed');
      });
    if (this.#byName.size === 1) return;
    const look = (): void => {
      if (!isOpen()) return;
      const silent = this.#world.now - this.#lastEventAt >= stallMs;
      if (silent && this.#furtherThanUs()) this.#end('stalled');
      else this.#world.schedule.after(stallMs, look);
    };
    this.#world.schedule.after(stallMs, look);
  }

  #furtherThanUs(): boolean {
    return this.#sources
      .others(this.#following!)
      .some((name) => (this.#byName.get(name)?.height() ?? 0) > this.learner.height);
  }

  /** The connection is over; the learner goes on as a process that starts again from its disk. */
  #end(ending: Ending): void {
    this.#connection += 1;
    this.#close?.();
    this.#close = undefined;
    this.#sources.ended(this.#following!, ending, this.#world.now, this.#random.unit());
    this.learner.restart();
    this.#world.schedule.after(0, () => this.#connect());
  }
}
