/** Node's part in `base/native.ts`: OpenSSL's SHA-256, and the texts that `Buffer` makes of bytes. */

import { hash } from 'node:crypto';
import { installNative } from '../base/native.ts';

const { hexSlice, latin1Slice } = Buffer.prototype as unknown as Record<
  'hexSlice' | 'latin1Slice',
  (this: Uint8Array, from: number, to: number) => string
>;

/** Lends Node's functions to the pure code of this process. Called once by every host on Node. */
export const installNodeNative = (): void =>
  installNative({
    sha256Hex: (bytes) => hash('sha256', bytes, 'hex'),
    sha256Text: (bytes) => hash('sha256', bytes, 'binary'),
    hex: (bytes, from, to) => hexSlice.call(bytes, from, to),
    text: (bytes, from, to) => latin1Slice.call(bytes, from, to),
  });
