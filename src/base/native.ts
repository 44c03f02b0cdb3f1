/**
 * What a host may lend to the pure code because its machine does it faster: SHA-256, and bytes as text. The
 * results are those of the JavaScript in `sha256.ts` and `bytes.ts` to the bit, which the tests hold against
 * each other, so a step gives the same output with and without.
 */

export interface Native {
  /** SHA-256 as 64 lower-case hex digits. */
  sha256Hex(bytes: Uint8Array): string;
  /** SHA-256 as text of one character a byte. */
  sha256Text(bytes: Uint8Array): string;
  /** Lower-case hex of the bytes from `from` up to `to`. */
  hex(bytes: Uint8Array, from: number, to: number): string;
  /** These bytes as text of one character a byte. */
  text(bytes: Uint8Array, from: number, to: number): string;
}

export let native: Native | undefined;

/** From now on the given functions are used; undefined goes back to JavaScript. */
export function installNative(lent: Native | undefined): void {
  native = lent;
}
