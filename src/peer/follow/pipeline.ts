/**
 * From verified deliveries to documents, exactly once (protocol section 11). What arrived while the last
 * groups were applied forms the next ones, so groups grow with the load and one sync pays for many.
 *
 * One cycle, in this order:
 *   1. log      the groups and everything the order wrote for them, in one write of the learner's store
 *   2. flush    both are durable now
 *   3. apply    each group to the document store, which keeps the position with the documents
 *
 * A crash before 2 loses what the signer sends again. A crash after it finds the document store at some
 * group of the log, and `open` replays the groups after it. A database that fails is retried with the
 * same group, for ever; what retrying cannot heal ends the pipeline, and nothing is applied after it.
 */

import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { InvariantViolation } from '../../base/assert.ts';
import { utf8 } from '../../base/bytes.ts';
import type { Epoch, Height } from '../../base/ids.ts';
import type { StreamEvent } from '../../messages/stream.ts';
import type { Delivery } from '../../ordering/delivery.ts';
import { reasonOf } from '../../store/error.ts';
import type { Store } from '../../store/port.ts';
import {
  type DocumentStore,
  ForkDetected,
  type Outcome,
  type Position,
  PositionMismatch,
  type StateMachine,
} from '../api.ts';
import { genesisPosition, samePosition } from '../position.ts';
import { type Counts, countGroup, countsCodec, noCounts } from './counts.ts';
import { ForgedEvent, LearnerHalted } from './errors.ts';
import { type GroupBounds, GroupLog } from './group-log.ts';
import { type GuardedMachine, guardMachine } from './guarded-machine.ts';
import { type DeliveredBatch, type DeliveredGroup, deliveredBatch } from './ordered.ts';
import type { VerifiedOrder } from './verified-order.ts';

export interface PipelineOptions {
  readonly epoch: Epoch;
  /** The learner's own store; the order's ledger is the same one. */
  readonly store: Store;
  readonly order: VerifiedOrder;
  readonly documents: DocumentStore;
  readonly machine: StateMachine;
  /** One line for a person. */
  readonly warn: (line: string) => void;
  readonly bounds?: GroupBounds | undefined;
  /** First and longest wait before a failed group is tried again, in ms. */
  readonly retryMs?: { readonly min: number; readonly max: number } | undefined;
  /** Called after every await with its name; a throw stands for a crash there. */
  readonly onStep?: ((point: string) => void) | undefined;
}

const countsKey = utf8('learner-counts');
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
/** Answers of a store that it missed groups, for one group, before we believe it never to be content. */
const mismatchesMax = 3;

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #log: GroupLog;
  readonly #guarded: GuardedMachine;
  readonly #stop = new AbortController();
  /** Resolves when the pipeline ends by itself, with the reason; never rejects. */
  readonly failed: Promise<Error>;
  #fail: (error: Error) => void = () => undefined;
  #failure: Error | undefined;
  #counts: Counts = noCounts(0);
  #position: Position;
  #height: Height;
  #pending: DeliveredBatch[] = [];
  /** Batches of the cycle under way that are not applied yet. */
  #applying = 0;
  #settled: (() => void)[] = [];
  #working: Promise<void> | undefined;

  private constructor(options: PipelineOptions) {
    this.#options = options;
    this.#log = new GroupLog(options.store, options.epoch, options.bounds);
    this.#guarded = guardMachine(options.machine);
    this.#position = genesisPosition(options.epoch);
    this.#height = options.order.height;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /**
   * Opens the document store and replays what it lacks.
   * @throws LearnerHalted when store and log do not belong together; ForkDetected; what the store throws.
   */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const pipeline = new Pipeline(options);
    try {
      await pipeline.#recover();
    } catch (error) {
      throw pipeline.#named(error);
    }
    return pipeline;
  }

  /** Where the documents are. */
  get position(): Position {
    return this.#position;
  }
  get counts(): Counts {
    return this.#counts;
  }
  /** Why it ended, once it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }
  /** Batches that were delivered and are not applied yet. */
  get backlog(): number {
    return this.#pending.length + this.#applying;
  }
  /** Height up to which every block is applied. */
  get height(): Height {
    return this.#height;
  }

  /**
   * Verifies an event and applies, in time, what becomes final by it.
   * @param settled called once the event needs no more memory: applied, or nothing came of it.
   * @throws ForgedEvent: nothing changed. Anything else, as AgreementViolated, ends the pipeline too.
   */
  take(event: StreamEvent, settled: () => void): void {
    if (this.#failure) throw this.#failure;
    if (this.#stop.signal.aborted) throw new Error('the learner is stopping');
    const deliveries = this.#verify(event);
    this.#pending.push(...deliveries.map(deliveredBatch));
    if (deliveries.length > 0) this.#settled.push(settled);
    else settled();
    if (deliveries.length > 0 || this.#options.order.pending) this.#wake();
  }

  /** Ends the pipeline: nothing is applied from now on. */
  halt(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#stop.abort(error);
    this.#fail(error);
  }

  /** Resolves once everything taken so far is applied, or the pipeline ended. */
  async idle(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** Stops between two groups. What is logged and not applied is applied after the next `open`. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the learner is stopping'));
    await this.idle();
  }

  #verify(event: StreamEvent): readonly Delivery[] {
    try {
      return this.#options.order.take(event);
    } catch (error) {
      if (!(error instanceof ForgedEvent)) this.halt(asError(error));
      throw error;
    }
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    try {
      while (this.#pending.length > 0 || this.#options.order.pending) {
        await nextTurn();
        if (this.#stop.signal.aborted) return;
        await this.#cycle();
      }
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.halt(this.#named(error));
    }
  }

  async #cycle(): Promise<void> {
    const { store, order } = this.#options;
    const settled = this.#settled;
    const { groups, writes } = this.#log.extend(this.#pending);
    const { height } = order;
    this.#applying = this.#pending.length;
    this.#pending = [];
    this.#settled = [];
    const counts = { table: 'meta', key: countsKey, value: countsCodec.encode(this.#counts) } as const;
    store.apply([...order.drain(), ...writes, counts]);
    this.#step('logged');
    await store.flush();
    this.#step('log is durable');
    for (const delivered of groups) {
      await this.#apply(delivered);
      this.#applying -= delivered.group.batches.length;
      this.#step('group is applied');
    }
    this.#height = height;
    for (const done of settled) done();
  }

  /** Applies a group, as often as it takes. */
  async #apply(delivered: DeliveredGroup): Promise<void> {
    const { documents, warn, retryMs = { min: 100, max: 10_000 } } = this.#options;
    const { signal } = this.#stop;
    let mismatches = 0;
    for (let waitMs = retryMs.min; ; waitMs = Math.min(2 * waitMs, retryMs.max)) {
      try {
        signal.throwIfAborted();
        this.#applied(delivered, await documents.apply(delivered.group, this.#guarded.machine, signal));
        return;
      } catch (error) {
        if (signal.aborted || this.#isFinal(error)) throw error;
        if (error instanceof PositionMismatch && ++mismatches <= mismatchesMax) {
          await this.#catchUp(error.stored, delivered.group.position.sequence);
          continue;
        }
        if (error instanceof PositionMismatch) throw error;
        warn(
          `group ${delivered.group.position.sequence} could not be applied, trying again: ${reasonOf(error)}`,
        );
        await delay(waitMs, undefined, { signal });
      }
    }
  }

  #applied(delivered: DeliveredGroup, outcomes: readonly Outcome[]): void {
    this.#position = delivered.group.position;
    this.#counts = countGroup(this.#counts, delivered, outcomes);
  }

  /** What ends the pipeline, with the state machine named when it is the cause. */
  #named(error: unknown): Error {
    return this.#guarded.threw(error)
      ? new LearnerHalted(`the state machine failed: ${reasonOf(error)}`, { cause: error })
      : asError(error);
  }

  /** Whether trying again cannot help. */
  #isFinal(error: unknown): boolean {
    return (
      error instanceof ForkDetected ||
      error instanceof InvariantViolation ||
      error instanceof LearnerHalted ||
      this.#guarded.threw(error)
    );
  }

  /** The store stands elsewhere than where we left it: gives it what it lacks before a group. */
  async #catchUp(stored: Position, sequence: number): Promise<void> {
    this.#demandKnown(stored);
    if (stored.sequence >= sequence)
      throw new LearnerHalted(
        `the documents went to group ${stored.sequence} by themselves while group ${sequence} was applied: ` +
          'something else writes to them',
      );
    for (let next = stored.sequence + 1; next < sequence; next++) {
      const { documents } = this.#options;
      await documents.apply(this.#log.group(next).group, this.#guarded.machine, this.#stop.signal);
    }
  }

  /** @throws LearnerHalted unless the position is one of the log's. */
  #demandKnown(stored: Position): void {
    const { sequence } = stored;
    const known = this.#log.positionAt(sequence);
    if (!known)
      throw new LearnerHalted(
        `the documents are at group ${sequence}, and the learner's log ends at group ${this.#log.head.sequence}: ` +
          'the log was lost or is an old copy; remove the documents too, or restore the log',
      );
    if (!samePosition(known, stored))
      throw new LearnerHalted(
        `the documents and the learner's log hold different histories at group ${sequence}: ` +
          'they do not belong together',
      );
  }

  async #recover(): Promise<void> {
    const { documents, epoch, store } = this.#options;
    const stored = await documents.open(genesisPosition(epoch));
    this.#demandKnown(stored);
    this.#position = stored;
    const value = store.get('meta', countsKey);
    const counts = value ? countsCodec.decode(value) : noCounts(0);
    this.#counts = counts.sequence <= stored.sequence ? counts : noCounts(stored.sequence);
    for (let next = this.#counts.sequence + 1; next <= this.#log.head.sequence; next++) {
      const delivered = this.#log.group(next);
      try {
        const outcomes = await documents.apply(delivered.group, this.#guarded.machine, this.#stop.signal);
        const position = next > stored.sequence ? delivered.group.position : stored;
        this.#applied(delivered, outcomes);
        this.#position = position;
      } catch (error) {
        // A store that was restored from a snapshot does not know the outcomes of older groups.
        if (!(error instanceof PositionMismatch) || next > stored.sequence) throw error;
        this.#counts = noCounts(next);
      }
      this.#step('group is replayed');
    }
  }

  #step(point: string): void {
    this.#options.onStep?.(point);
  }
}
