/**
 * Frames into chunks and back. A chunk is the plaintext of one Noise message; it holds records, each one
 * frame or a piece of one: small frames share a chunk, large ones span several. Because a chunk is
 * encrypted as a whole and in sequence, the end marker in a record is authenticated, and no piece can
 * be dropped, moved or repeated.
 *
 *   record = end (1 byte: 1 last piece, 0 more follow) | length (2 bytes) | bytes
 *
 * Rules: a piece that is not the last is not empty and ends a chunk of full size, so a frame has one
 * division from its start, and the number of pieces is bounded with their bytes. Nothing is assembled
 * beyond `frameBytesMax`. An empty chunk is a sign of life.
 */

import { concat } from '../base/bytes.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { noiseMessageBytesMax, tagBytes } from './noise.ts';

export const chunkBytesMax = noiseMessageBytesMax - tagBytes;
export const recordHeaderBytes = 3;

/** Where a writer takes frames from. */
export interface FrameSource {
  shift(): Uint8Array | undefined;
}

/** Packs frames into chunks, in order. Remembers how far it got within a large frame. */
export class ChunkWriter {
  readonly #buffer = new Uint8Array(chunkBytesMax);
  #frame: Uint8Array | undefined;
  #offset = 0;

  /** True while a frame has been sent in part. */
  get midFrame(): boolean {
    return this.#offset > 0;
  }

  /** The next chunk, valid until the next call; undefined when there is nothing to send. */
  next(source: FrameSource): { chunk: Uint8Array; framesEnded: number } | undefined {
    let used = 0;
    let framesEnded = 0;
    while (chunkBytesMax - used > recordHeaderBytes) {
      this.#frame ??= source.shift();
      const frame = this.#frame;
      if (!frame) break;
      const length = Math.min(frame.length - this.#offset, chunkBytesMax - used - recordHeaderBytes);
      const last = this.#offset + length === frame.length;
      this.#buffer[used] = last ? 1 : 0;
      this.#buffer[used + 1] = length >> 8;
      this.#buffer[used + 2] = length & 0xff;
      this.#buffer.set(frame.subarray(this.#offset, this.#offset + length), used + recordHeaderBytes);
      used += recordHeaderBytes + length;
      this.#offset = last ? 0 : this.#offset + length;
      if (last) {
        this.#frame = undefined;
        framesEnded += 1;
      }
    }
    return used === 0 ? undefined : { chunk: this.#buffer.subarray(0, used), framesEnded };
  }
}

/** Takes chunks apart and assembles frames. A refusal ends the connection. */
export class ChunkReader {
  readonly #frameBytesMax: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes held of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  /** The frames that this chunk completes, in order. The chunk must not be changed afterwards. */
  read(chunk: Uint8Array): Result<Uint8Array[]> {
    if (chunk.length > chunkBytesMax) return refuse('CHUNK_LONG', `chunk has ${chunk.length} bytes`);
    const frames: Uint8Array[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (chunk.length - offset < recordHeaderBytes)
        return refuse('CHUNK_MALFORMED', 'chunk ends within a record header');
      const end = chunk[offset]!;
      const length = (chunk[offset + 1]! << 8) | chunk[offset + 2]!;
      offset += recordHeaderBytes;
      if (end > 1) return refuse('CHUNK_MALFORMED', `end marker is ${end}, expected 0 or 1`);
      if (length > chunk.length - offset) return refuse('CHUNK_MALFORMED', 'record exceeds its chunk');
      if (this.#bytes + length > this.#frameBytesMax)
        return refuse('FRAME_LONG', `frame exceeds ${this.#frameBytesMax} bytes`);
      const piece = chunk.subarray(offset, offset + length);
      offset += length;
      if (end === 1) frames.push(this.#complete(piece, chunk.length));
      else if (length === 0 || offset !== chunkBytesMax)
        return refuse('CHUNK_MALFORMED', 'a piece that is not the last does not fill its chunk');
      else {
        this.#pieces.push(piece);
        this.#bytes += length;
      }
    }
    return accept(frames);
  }

  #complete(piece: Uint8Array, chunkBytes: number): Uint8Array {
    if (this.#pieces.length === 0)
      // A small frame that outlives its chunk must not keep the whole chunk in memory.
      return piece.length * 2 < chunkBytes ? Uint8Array.from(piece) : piece;
    const frame = concat(...this.#pieces, piece);
    this.#pieces = [];
    this.#bytes = 0;
    return frame;
  }
}
