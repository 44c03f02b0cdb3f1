/**
 * Just enough of HTTP/2 (RFC 9113) to send many small gRPC calls to one server over one connection, as cheaply
 * as can be for the server and for the machine they share (`lean.ts`).
 *
 * The header block of a call is the same each time: the first one fills the server's header table (RFC 7541),
 * later ones are six bytes of references to it. Header blocks of answers are passed over: a gRPC server sends
 * data only with success, so an answer with data that parses is a success, and an end without data is not.
 */

export const frameBytes = 9;
/** What a frame may hold unless the peer says otherwise. */
export const frameBytesMax = 16_384;

export const kinds = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

export const flags = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8 } as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Window of an endpoint that said nothing, in bytes. */
export const windowDefault = 65_535;
export const windowMax = 2 ** 31 - 1;
export const settingIds = { headerTableSize: 1, enablePush: 2, initialWindow: 4, frameBytesMax: 5 } as const;

/** Writes the head of a frame. @returns the place after it. */
export function writeFrameHead(
  bytes: Buffer,
  at: number,
  frame: { readonly length: number; readonly kind: number; readonly flags: number; readonly stream: number },
): number {
  bytes.writeUIntBE(frame.length, at, 3);
  bytes[at + 3] = frame.kind;
  bytes[at + 4] = frame.flags;
  return bytes.writeUInt32BE(frame.stream, at + 5);
}

export function controlFrame(kind: number, flag: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameBytes + payload.length);
  writeFrameHead(bytes, 0, { length: payload.length, kind, flags: flag, stream });
  bytes.set(payload, frameBytes);
  return bytes;
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [i, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  }
  return controlFrame(kinds.settings, 0, 0, payload);
}

export function windowFrame(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return controlFrame(kinds.windowUpdate, 0, stream, payload);
}

/** A string of a header block, not compressed. At most 126 bytes. */
const headerString = (text: string): Buffer =>
  Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);

/** Places in the static table of RFC 7541: whole fields, and names. */
const statics = { methodPost: 3, schemeHttp: 6, authority: 1, path: 4, contentType: 31 } as const;
const indexed = 0x80;
const remembered = 0x40;
/** Newest entry of the table that grows. */
const firstDynamic = 62;

/** Header blocks of a gRPC call: of the first on a connection, and of all that follow. */
export function callHeaders(
  path: string,
  authority: string,
): { readonly first: Buffer; readonly later: Buffer } {
  const fixed = [indexed | statics.methodPost, indexed | statics.schemeHttp];
  const first = Buffer.concat([
    Buffer.from(fixed),
    Buffer.of(remembered | statics.path),
    headerString(path),
    Buffer.of(remembered | statics.authority),
    headerString(authority),
    Buffer.of(remembered | statics.contentType),
    headerString('application/grpc'),
    Buffer.of(remembered),
    headerString('te'),
    headerString('trailers'),
  ]);
  const later = Buffer.from([...fixed, ...[3, 2, 1, 0].map((age) => indexed | (firstDynamic + age))]);
  return { first, later };
}

export interface Frame {
  readonly kind: number;
  readonly flags: number;
  readonly stream: number;
  /** Valid until the next one. */
  readonly payload: Buffer;
}

/** Cuts what arrives into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *take(chunk: Buffer): Generator<Frame> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameBytes) {
      const length = bytes.readUIntBE(at, 3);
      if (bytes.length - at < frameBytes + length) break;
      yield {
        kind: bytes[at + 3]!,
        flags: bytes[at + 4]!,
        stream: bytes.readUInt32BE(at + 5) & windowMax,
        payload: bytes.subarray(at + frameBytes, at + frameBytes + length),
      };
      at += frameBytes + length;
    }
    this.#rest = bytes.subarray(at);
  }
}
