/**
 * Frames that wait for one peer, bounded in bytes. When the bound is reached the oldest go first: a
 * newer message of the protocol tends to make an older one superfluous, never the other way round.
 * Each frame costs its length and a fixed overhead, so that many empty ones are bounded too.
 */

export const frameOverheadBytes = 64;

export class FrameQueue {
  #frames: (Uint8Array | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #bytesMax: number;
  #dropped = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#frames.length - this.#head;
  }

  /** Bytes that count against the bound, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Appends a frame and drops the oldest while over the bound; false when the frame itself cannot fit. */
  push(frame: Uint8Array): boolean {
    const cost = frame.length + frameOverheadBytes;
    if (cost > this.#bytesMax) {
      this.#dropped += 1;
      return false;
    }
    this.#trim(this.#bytesMax - cost);
    this.#frames.push(frame);
    this.#bytes += cost;
    return true;
  }

  /** The frame that `shift` would take. */
  peek(): Uint8Array | undefined {
    return this.#frames[this.#head];
  }

  shift(): Uint8Array | undefined {
    const frame = this.#frames[this.#head];
    if (frame === undefined) return undefined;
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= frame.length + frameOverheadBytes;
    if (this.#head === this.#frames.length) {
      this.#frames = [];
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#frames.length) {
      // Moving the rest only when at least half is free keeps a shift O(1) on average.
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return frame;
  }

  /** Changes the bound, dropping the oldest frames beyond it. */
  bound(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#trim(bytesMax);
  }

  #trim(bytes: number): void {
    while (this.#bytes > bytes) {
      this.shift();
      this.#dropped += 1;
    }
  }
}
