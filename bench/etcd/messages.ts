/**
 * The two messages of etcd's protocol that a write needs, in protobuf, by hand: `PutRequest { key = 1, value
 * = 2 }` and `PutResponse { header = 1 { revision = 3 } }`. Other fields of the answer are passed over.
 */

/** Bytes that a length takes as a varint. */
const varintBytes = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    bytes[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[to++] = rest;
  return to;
}

const keyTag = 0x0a;
const valueTag = 0x12;

const fieldBytes = (length: number): number => 1 + varintBytes(length) + length;

/** Bytes of a request. */
export const putRequestBytes = (key: Uint8Array, value: Uint8Array): number =>
  fieldBytes(key.length) + fieldBytes(value.length);

/** Writes a request at `at`. @returns the place after it. */
export function writePutRequest(bytes: Uint8Array, at: number, key: Uint8Array, value: Uint8Array): number {
  bytes[at] = keyTag;
  let to = putVarint(bytes, at + 1, key.length);
  bytes.set(key, to);
  to += key.length;
  bytes[to] = valueTag;
  to = putVarint(bytes, to + 1, value.length);
  bytes.set(value, to);
  return to + value.length;
}

/** Reads protobuf fields one after the other. @throws when the bytes end too early. */
class Fields {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Exact up to 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error('protobuf: a number ends too early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bytes(length: number): Uint8Array {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new Error('protobuf: a field ends too early');
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The field at hand: a number, or bytes. */
  next(): { readonly field: number; readonly value: number | Uint8Array } {
    const tag = this.varint();
    const field = Math.floor(tag / 8);
    const kind = tag & 7;
    if (kind === 0) return { field, value: this.varint() };
    if (kind === 1) return { field, value: this.bytes(8) };
    if (kind === 2) return { field, value: this.bytes(this.varint()) };
    if (kind === 5) return { field, value: this.bytes(4) };
    throw new Error(`protobuf: field ${field} has the unknown kind ${kind}`);
  }
}

/** The value of a field, the last one wins as protobuf has it; undefined when it is absent. */
function fieldOf(bytes: Uint8Array, wanted: number): number | Uint8Array | undefined {
  let found: number | Uint8Array | undefined;
  for (const fields = new Fields(bytes); !fields.done; ) {
    const { field, value } = fields.next();
    if (field === wanted) found = value;
  }
  return found;
}

/** Revision of the store that a write made. @throws when the bytes are no answer to a write. */
export function putResponseRevision(bytes: Uint8Array): number {
  const header = fieldOf(bytes, 1);
  const revision = header instanceof Uint8Array ? fieldOf(header, 3) : undefined;
  if (typeof revision !== 'number' || revision < 1) throw new Error('etcd: an answer without a revision');
  return revision;
}
