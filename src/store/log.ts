/**
 * The write-ahead log: what makes writes durable. Groups are encoded as they are applied, into one buffer; a
 * flush seals it as a record, writes and syncs it. While that is under way later groups collect in a second
 * buffer, and all flushes that are asked for meanwhile share the record after (group commit). Records are
 * written one after the other, so what is on disk is always a prefix of what was applied.
 *
 * Rules:
 * 1. A record that ends a file says so, and is written only when the next file is there, by name too.
 * 2. A file is given up only when the database durably holds all of its records, and names a later file as the first
 *    one to be read (`release`).
 * 3. The first error is final: nothing is written any more, and every flush rejects with it. `log-files.ts` says
 *    what the next opening makes of the record that failed.
 *
 * A sync costs 0.1 ms for bytes that a file has already, 0.15 ms for ones that extend it, so files are filled with
 * zeros when they are made, and used again.
 */

import { close, constants, fdatasync, fdatasyncSync, open, write, writeSync } from 'node:fs';
import { open as openFile, rename, rm } from 'node:fs/promises';
import { invariant } from '../base/assert.ts';
import { type LogTail, segmentFile, segmentOrdinals } from './log-files.ts';
import { RecordBuffer } from './log-record.ts';

/**
 * On Linux a write to such a descriptor returns when the data is on disk, as if `fdatasync` followed, and saves one
 * trip to the thread pool. Elsewhere the sync is asked for: macOS would leave data in the memory of the disk.
 */
const syncsItself = process.platform === 'linux';
const openFlags = constants.O_RDWR | (syncsItself ? constants.O_DSYNC : 0);

const openSegment = (path: string, ordinal: number): Promise<number> =>
  new Promise((resolve, reject) =>
    open(segmentFile(path, ordinal), openFlags, (error, descriptor) =>
      error ? reject(error) : resolve(descriptor),
    ),
  );

const closeSegment = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => close(descriptor, (error) => (error ? reject(error) : resolve())));

const syncSegment = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())));

/** Writes all of `bytes` at `at`, on disk when it resolves. */
function writeDurably(descriptor: number, bytes: Uint8Array, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = (done: number): void =>
      write(descriptor, bytes, done, bytes.length - done, at + done, (error, written) => {
        if (error) reject(error);
        else if (done + written < bytes.length) from(done + written);
        else if (syncsItself) resolve();
        else fdatasync(descriptor, (refused) => (refused ? reject(refused) : resolve()));
      });
    from(0);
  });
}

/** The same, before it returns. */
function writeDurablySync(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  if (!syncsItself) fdatasyncSync(descriptor);
}

/** Syncs the names in a directory. Windows cannot, and keeps them itself. */
export async function syncNames(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await openFile(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Files given up that are kept to be used again. */
const sparesMax = 8;

const zeros = new Uint8Array(1 << 18);

const slowFlushMs = 10_000;

/**
 * A record of at most this size is written on the spot while the disk syncs in less than `quickMs` on average: a trip
 * to the thread pool and back costs about as much as such a sync, and what waits for it is all there is to do.
 */
const quickBytes = 1 << 14;
const quickMs = 2;

/** Makes the file `ordinal`, from one that was given up if there is one. Its content counts for nothing. */
async function prepareSegment(
  path: string,
  ordinal: number,
  spare: number | undefined,
  bytes: number,
): Promise<number> {
  const name = segmentFile(path, ordinal);
  if (spare !== undefined) await rename(segmentFile(path, spare), name);
  else {
    const file = await openFile(name, 'w', 0o600);
    try {
      for (let at = 0; at < bytes; )
        at += (await file.write(zeros, 0, Math.min(zeros.length, bytes - at), at)).bytesWritten;
      await file.datasync();
    } finally {
      await file.close();
    }
  }
  await syncNames(path);
  return openSegment(path, ordinal);
}

export interface LogOptions {
  readonly path: string;
  readonly salt: Uint8Array;
  readonly segmentBytes: number;
  /** A record was sealed: all that was added before is in it or in earlier ones. `bytes` is its size. */
  readonly sealed: (sequence: number, bytes: number) => void;
  /** A record is on disk. */
  readonly durable: (sequence: number) => void;
  /** What the next record must wait for. */
  readonly brake: () => Promise<void> | undefined;
  /** Says what the flush is to reject with. */
  readonly failed: (error: unknown) => Error;
  readonly log: (line: string) => void;
}

export class WriteAheadLog {
  readonly #options: LogOptions;
  #collecting = new RecordBuffer();
  #writing = new RecordBuffer();
  #sequence: number;
  #ordinal: number;
  #at: number;
  #descriptor: number;
  /** Full files that the database does not cover yet. */
  readonly #full: { readonly ordinal: number; readonly sequence: number }[];
  readonly #spares: number[];
  /** The file after the current one, on its way. */
  #next: Promise<number> | undefined;
  #inFlight = false;
  /** Smoothed time of writing a small record, in milliseconds; not known at first. */
  #smallMs = Number.POSITIVE_INFINITY;
  /** Of the record in flight. */
  #current: Promise<void> = Promise.resolve();
  /** Of the record after it, when a flush has asked for it. */
  #following: Promise<void> | undefined;

  private constructor(options: LogOptions, tail: LogTail, descriptor: number, spares: number[]) {
    this.#options = options;
    this.#sequence = tail.sequence;
    this.#ordinal = tail.ordinal;
    this.#at = tail.at;
    this.#full = [...tail.full];
    this.#descriptor = descriptor;
    this.#spares = spares;
  }

  /** Goes on where the log ends. @param oldest first file that is needed */
  static async open(options: LogOptions, tail: LogTail, oldest: number): Promise<WriteAheadLog> {
    const ordinals = segmentOrdinals(options.path);
    // What was found may be in memory only, names too, if a process was killed before its sync.
    await syncNames(options.path);
    for (const { ordinal } of tail.full) {
      const full = await openSegment(options.path, ordinal);
      await syncSegment(full);
      await closeSegment(full);
    }
    const descriptor = await openSegment(options.path, tail.ordinal);
    await syncSegment(descriptor);
    const log = new WriteAheadLog(
      options,
      tail,
      descriptor,
      ordinals.filter((ordinal) => ordinal < oldest),
    );
    if (ordinals.includes(tail.ordinal + 1)) log.#next = handled(openSegment(options.path, tail.ordinal + 1));
    return log;
  }

  add(table: number, key: Uint8Array, value: Uint8Array | undefined): void {
    this.#collecting.add(table, key, value);
  }

  /** After a failure `#current` stays rejected, and so all of this rejects. */
  flush(): Promise<void> {
    if (this.#collecting.isEmpty) return this.#current; // what is in flight may not be durable yet
    // It may be about to start: of two records in flight, one could be called durable for the other.
    if (this.#following) return this.#following;
    if (!this.#inFlight) return this.#start();
    // Chained on success alone: when the record in flight fails, so does this.
    this.#following = handled(
      this.#current.then(() => {
        this.#following = undefined;
        return this.#start();
      }),
    );
    return this.#following;
  }

  /**
   * Makes all that was added durable before it returns, when that takes next to no time.
   * @returns false when nothing was done: `flush` then.
   * @throws what every later flush rejects with.
   */
  flushNow(): boolean {
    const { length } = this.#collecting;
    const { brake, durable, failed } = this.#options;
    if (this.#inFlight || this.#following || this.#collecting.isEmpty) return false;
    if (length > quickBytes || this.#smallMs > quickMs || this.#isLast || brake()) return false;
    try {
      const { bytes, at } = this.#sealRecord();
      const startedAt = performance.now();
      writeDurablySync(this.#descriptor, bytes, at);
      this.#tookMs(length, performance.now() - startedAt);
    } catch (error) {
      const failure = failed(error);
      this.#current = handled(Promise.reject(failure));
      this.#inFlight = true; // for ever
      throw failure;
    }
    this.#writing.clear();
    durable(this.#sequence);
    return true;
  }

  /** The first file to be read when the database holds everything up to `sequence`. */
  oldestAfter(sequence: number): number {
    return this.#full.find((file) => file.sequence > sequence)?.ordinal ?? this.#ordinal;
  }

  /** Gives up all files before `oldest`, which the database durably names. */
  async release(oldest: number): Promise<void> {
    while (this.#full.length > 0 && this.#full[0]!.ordinal < oldest)
      this.#spares.push(this.#full.shift()!.ordinal);
    for (const ordinal of this.#spares.splice(0, this.#spares.length - sparesMax))
      await rm(segmentFile(this.#options.path, ordinal));
  }

  /** Lets go of the files, when nothing is in flight any more. Nobody may flush from now on. */
  async close(): Promise<void> {
    // Whoever flushed has been told what failed.
    await this.#current.catch(() => {});
    await this.#following?.catch(() => {});
    await closeSegment(this.#descriptor);
    const next = await this.#next?.catch(() => undefined); // what failed to open needs no closing
    if (next !== undefined) await closeSegment(next);
  }

  #start(): Promise<void> {
    this.#inFlight = true;
    this.#current = handled(this.#write());
    return this.#current;
  }

  async #write(): Promise<void> {
    const { brake, durable, failed, path, log } = this.#options;
    const slow = setTimeout(
      () => log(`store ${path}: a write has not finished for ${slowFlushMs / 1000} s`),
      slowFlushMs,
    );
    slow.unref();
    try {
      const wait = brake();
      if (wait) await wait;
      await this.#writeRecord();
    } catch (error) {
      throw failed(error);
    } finally {
      clearTimeout(slow);
    }
    this.#inFlight = false;
    durable(this.#sequence);
  }

  async #writeRecord(): Promise<void> {
    const isLast = this.#isLast;
    if (isLast) {
      this.#prepareNext();
      await this.#next; // rule 1
    }
    const { bytes, at } = this.#sealRecord();
    const startedAt = performance.now();
    await writeDurably(this.#descriptor, bytes, at);
    this.#tookMs(bytes.length, performance.now() - startedAt);
    this.#writing.clear();
    if (isLast) await this.#roll();
  }

  /** Whether what is collected fills the file. */
  get #isLast(): boolean {
    return this.#at + this.#collecting.length >= this.#options.segmentBytes;
  }

  /** Ends the record that is collected; later groups go into the next. */
  #sealRecord(): { bytes: Uint8Array; at: number } {
    const { sealed, salt, segmentBytes } = this.#options;
    const isLast = this.#isLast;
    const buffer = this.#collecting;
    this.#collecting = this.#writing;
    this.#writing = buffer;
    const at = this.#at;
    this.#sequence += 1;
    this.#at += buffer.length;
    sealed(this.#sequence, buffer.length);
    if (this.#at * 2 >= segmentBytes) this.#prepareNext();
    return { bytes: buffer.seal({ sequence: this.#sequence, ordinal: this.#ordinal, isLast, salt }), at };
  }

  #tookMs(bytes: number, ms: number): void {
    if (bytes <= quickBytes)
      this.#smallMs = Number.isFinite(this.#smallMs) ? 0.9 * this.#smallMs + 0.1 * ms : ms;
  }

  #prepareNext(): void {
    const { path, segmentBytes } = this.#options;
    this.#next ??= handled(prepareSegment(path, this.#ordinal + 1, this.#spares.shift(), segmentBytes));
  }

  async #roll(): Promise<void> {
    invariant(this.#next, 'the next file of the log is there');
    const [before, next] = [this.#descriptor, await this.#next];
    this.#full.push({ ordinal: this.#ordinal, sequence: this.#sequence });
    this.#ordinal += 1;
    this.#at = 0;
    this.#descriptor = next;
    this.#next = undefined;
    await closeSegment(before);
  }
}

/**
 * A promise that several callers may share, or nobody may look at: a rejection must not end the process as
 * unhandled. It is not lost: the store stays failed, and whoever asks for a flush is told.
 */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
