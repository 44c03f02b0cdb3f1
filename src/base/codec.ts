/**
 * The canonical binary form (packed.ts has the building blocks). One value has exactly one encoding, and
 * decoding refuses everything else: fixed-width big-endian integers, 16- or 32-bit length prefixes with a
 * limit each, sorted sets checked on decode, no trailing bytes. Everything that is signed or hashed is
 * encoded here.
 */

import { compareBytes, compareText, hexAt, putHex } from './bytes.ts';
import type { Digest } from './ids.ts';
import * as P from './packed.ts';
import { accept, type Result, refuse } from './result.ts';

export type Codec<T> = P.Codec<T>;
export { P };

/** An integer from 0 to 2^53-1 in 8 bytes. Brands pass through. */
export const u53 = <T extends number = number>(): Codec<T> => P.U53BE as unknown as Codec<T>;
export const u16 = <T extends number = number>(): Codec<T> => P.U16BE as unknown as Codec<T>;
export const u32 = <T extends number = number>(): Codec<T> => P.U32BE as unknown as Codec<T>;

const digestBytes = 32;

const digestCodec: Codec<string> = P.codecOf(
  (writer, hex) => {
    if (hex.length !== 2 * digestBytes) throw new P.CodecError(`not a digest: ${hex}`);
    const at = writer.reserve(digestBytes);
    putHex(hex, writer.bytes, at);
  },
  (reader) => hexAt(reader.bytes, reader.take(digestBytes), digestBytes),
);

/** A digest: 32 bytes on the wire, hex in memory. */
export const digest = <T extends Digest = Digest>(): Codec<T> => digestCodec as unknown as Codec<T>;

/** The digest that was read last where nearly all are the same one, as an epoch is. */
const lastBytes = new Uint8Array(digestBytes);
let lastDigest = hexAt(lastBytes, 0, digestBytes);

const repeatedDigestCodec: Codec<string> = P.codecOf(digestCodec.write, (reader) => {
  const at = reader.take(digestBytes);
  let i = 0;
  while (i < digestBytes && reader.bytes[at + i] === lastBytes[i]) i++;
  if (i === digestBytes) return lastDigest;
  lastBytes.set(reader.bytes.subarray(at, at + digestBytes));
  lastDigest = hexAt(reader.bytes, at, digestBytes);
  return lastDigest;
});

/** The same form as `digest`, for fields that hold the same digest again and again. */
export const repeatedDigest = <T extends Digest>(): Codec<T> => repeatedDigestCodec as unknown as Codec<T>;

export const fixedBytes = (length: number): Codec<Uint8Array> => P.bytes(length);

/** Bytes with a 32-bit length, at most `max`. */
export const bytesMax = (max: number, what: string): Codec<Uint8Array> =>
  P.validate(P.bytes(P.U32BE), (value) => {
    if (value.length > max) throw new Error(`${what} has ${value.length} bytes, at most ${max}`);
    return value;
  });

/** A list with a 32-bit length, at most `max` items; the length is checked before any item is read. */
export const listMax = <T>(inner: Codec<T>, max: number, what: string): Codec<T[]> =>
  P.array(
    P.validate(P.U32BE, (length) => {
      if (length > max) throw new Error(`${what} has ${length} items, at most ${max}`);
      return length;
    }),
    inner,
  );

/** A list that must be strictly ascending under `compare`, hence a set with one encoding. */
export const sortedList = <T>(
  inner: Codec<T>,
  max: number,
  what: string,
  compare: (a: T, b: T) => number,
): Codec<T[]> =>
  P.validate(listMax(inner, max, what), (items) => {
    for (let i = 1; i < items.length; i++)
      if (compare(items[i - 1]!, items[i]!) >= 0) throw new Error(`${what} is not strictly ascending`);
    return items;
  });

export const sortedDigests = <T extends Digest>(max: number, what: string): Codec<T[]> =>
  sortedList(digest<T>(), max, what, compareText);
export const sortedNumbers = (max: number, what: string): Codec<number[]> =>
  sortedList(u32(), max, what, (a, b) => a - b);
export const sortedBytes = (inner: Codec<Uint8Array>, max: number, what: string): Codec<Uint8Array[]> =>
  sortedList(inner, max, what, compareBytes);

/** A value that may be absent: one byte 0, or 1 and the value. */
export const optional = <T>(inner: Codec<T>): Codec<T | undefined> => P.optional(P.bool, inner);

const refusalCharactersMax = 300;

/** Decodes bytes from outside. A refusal says in one short line what is wrong; nothing throws. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, what: string): Result<T> {
  try {
    return accept(codec.decode(bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse('MALFORMED', `${what}: ${reason.slice(0, refusalCharactersMax)}`);
  }
}
