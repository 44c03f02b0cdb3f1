/**
 * The building blocks of the canonical binary form (codec.ts): values are written straight into one growing
 * buffer and read in place, so that a message costs its bytes and not an object for each field. The form is
 * that of micro-packed, which the tests keep as the oracle: big-endian integers of fixed width, lengths
 * before what they measure, fields one after the other.
 *
 * Rules:
 * 1. Whatever is not of the form is refused with an error that names the field; nothing is guessed.
 * 2. Bytes that are read are views of the input, as long as the reader's caller keeps that unchanged.
 */

import { allocate, textOf, utf8 } from './bytes.ts';

/** Where encoded values go. */
export class Writer {
  bytes = new Uint8Array(1024);
  at = 0;

  /** Makes room for `length` bytes; they start at the returned place. */
  reserve(length: number): number {
    const start = this.at;
    this.at += length;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.at, 2 * this.bytes.length));
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
    }
    return start;
  }
}

/** Where encoded values come from. */
export class Reader {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Passes `length` bytes; they start at the returned place. @throws when there are fewer. */
  take(length: number): number {
    const start = this.at;
    if (start + length > this.bytes.length)
      throw new CodecError(`needs ${length} bytes and there are ${this.left}`);
    this.at += length;
    return start;
  }
}

/** A value that is not of the form. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

export interface Codec<T> {
  /** @throws when the value has no form. */
  encode(value: T): Uint8Array;
  /** @throws when the bytes are not exactly one value. */
  decode(bytes: Uint8Array): T;
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
}

/** A buffer that grew beyond this is not kept. */
const keptBytesMax = 1 << 20;
/** Writers at rest: one codec's rule may encode with another codec. */
const resting: Writer[] = [];

/** A codec from how it writes and reads. */
export function codecOf<T>(write: (writer: Writer, value: T) => void, read: (reader: Reader) => T): Codec<T> {
  return {
    write,
    read,
    encode(value) {
      const writer = resting.pop() ?? new Writer();
      writer.at = 0;
      write(writer, value);
      const bytes = allocate(writer.at);
      bytes.set(writer.bytes.subarray(0, writer.at));
      if (writer.bytes.length <= keptBytesMax) resting.push(writer);
      return bytes;
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      const value = read(reader);
      if (reader.left > 0) throw new CodecError(`${reader.left} bytes too many`);
      return value;
    },
  };
}

const integer = (value: number, below: number): number => {
  if (!Number.isSafeInteger(value) || value < 0 || value >= below)
    throw new CodecError(`not an integer from 0 and below ${below}: ${value}`);
  return value;
};

export const U8: Codec<number> = codecOf(
  (writer, value) => {
    integer(value, 0x100);
    const at = writer.reserve(1);
    writer.bytes[at] = value;
  },
  (reader) => reader.bytes[reader.take(1)]!,
);

export const U16BE: Codec<number> = codecOf(
  (writer, value) => {
    integer(value, 0x1_0000);
    const at = writer.reserve(2);
    writer.bytes[at] = value >>> 8;
    writer.bytes[at + 1] = value;
  },
  (reader) => {
    const at = reader.take(2);
    return (reader.bytes[at]! << 8) | reader.bytes[at + 1]!;
  },
);

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

const uint32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

const wordCount = 2 ** 32;

export const U32BE: Codec<number> = codecOf(
  (writer, value) => {
    integer(value, wordCount);
    const at = writer.reserve(4);
    putUint32(writer.bytes, at, value);
  },
  (reader) => uint32At(reader.bytes, reader.take(4)),
);

/** An integer from 0 to 2^53-1 in 8 bytes. */
export const U53BE: Codec<number> = codecOf(
  (writer, value) => {
    integer(value, 2 ** 53);
    const at = writer.reserve(8);
    putUint32(writer.bytes, at, Math.floor(value / wordCount));
    putUint32(writer.bytes, at + 4, value % wordCount);
  },
  (reader) => {
    const at = reader.take(8);
    const high = uint32At(reader.bytes, at);
    if (high >= 2 ** 21) throw new CodecError('integer above 2^53-1');
    return high * wordCount + uint32At(reader.bytes, at + 4);
  },
);

export const bool: Codec<boolean> = codecOf(
  (writer, value) => {
    if (typeof value !== 'boolean') throw new CodecError(`not true or false: ${value}`);
    const at = writer.reserve(1);
    writer.bytes[at] = value ? 1 : 0;
  },
  (reader) => {
    const byte = reader.bytes[reader.take(1)]!;
    if (byte > 1) throw new CodecError(`not true or false: ${byte}`);
    return byte === 1;
  },
);

/** Bytes of a fixed length, or after their length. */
export function bytes(length: number | Codec<number>): Codec<Uint8Array> {
  const fixed = typeof length === 'number' ? length : undefined;
  return codecOf(
    (writer, value) => {
      if (!(value instanceof Uint8Array)) throw new CodecError(`not bytes: ${value}`);
      if (typeof length !== 'number') length.write(writer, value.length);
      else if (value.length !== length) throw new CodecError(`has ${value.length} bytes, expected ${length}`);
      const at = writer.reserve(value.length);
      writer.bytes.set(value, at);
    },
    (reader) => {
      const size = fixed ?? (length as Codec<number>).read(reader);
      const at = reader.take(size);
      return reader.bytes.subarray(at, at + size);
    },
  );
}

/** Well-formed text as UTF-8, after its length in bytes. */
export const string = (length: Codec<number>): Codec<string> =>
  apply(bytes(length), {
    encode: textOf,
    decode: (text: string) => {
      const encoded = utf8(text);
      if (textOf(encoded) !== text) throw new CodecError('text that is not well-formed');
      return encoded;
    },
  });

class FieldError extends CodecError {}

/** The error with the place where it happened in front. */
export function inField(field: string | number, error: unknown): FieldError {
  const reason = error instanceof Error ? error.message : String(error);
  return new FieldError(error instanceof FieldError ? `${field}/${reason}` : `${field}: ${reason}`);
}

/** Items one after the other, after their number. */
export function array<T>(length: Codec<number>, inner: Codec<T>): Codec<T[]> {
  return codecOf(
    (writer, items) => {
      length.write(writer, items.length);
      let i = 0;
      try {
        for (; i < items.length; i++) inner.write(writer, items[i]!);
      } catch (error) {
        throw inField(i, error);
      }
    },
    (reader) => {
      const count = length.read(reader);
      const items: T[] = [];
      try {
        while (items.length < count) items.push(inner.read(reader));
      } catch (error) {
        throw inField(items.length, error);
      }
      return items;
    },
  );
}

/** A flag, and the value when the flag is true. */
export const optional = <T>(flag: Codec<boolean>, inner: Codec<T>): Codec<T | undefined> =>
  codecOf(
    (writer, value) => {
      flag.write(writer, value !== undefined);
      if (value !== undefined) inner.write(writer, value);
    },
    (reader) => (flag.read(reader) ? inner.read(reader) : undefined),
  );

/** Named fields, one after the other in the order given. */
export function struct<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields);
  const codecs = names.map((name) => fields[name as keyof T] as Codec<unknown>);
  return codecOf(
    (writer, value) => {
      let i = 0;
      try {
        for (; i < codecs.length; i++)
          codecs[i]!.write(writer, (value as Record<string, unknown>)[names[i]!]);
      } catch (error) {
        throw inField(names[i]!, error);
      }
    },
    (reader) => {
      const value: Record<string, unknown> = {};
      let i = 0;
      try {
        for (; i < codecs.length; i++) value[names[i]!] = codecs[i]!.read(reader);
      } catch (error) {
        throw inField(names[i]!, error);
      }
      return value as T;
    },
  );
}

/** The inner form with a rule that throws for what breaks it, when it is written and when it is read. */
export const validate = <T>(inner: Codec<T>, rule: (value: T) => T): Codec<T> =>
  codecOf(
    (writer, value) => inner.write(writer, rule(value)),
    (reader) => rule(inner.read(reader)),
  );

/** Another value in memory for the same form. `encode` makes it from what was read, `decode` takes it back. */
export const apply = <W, T>(
  inner: Codec<W>,
  { encode, decode }: { encode(wire: W): T; decode(value: T): W },
): Codec<T> =>
  codecOf(
    (writer, value) => inner.write(writer, decode(value)),
    (reader) => encode(inner.read(reader)),
  );
