/**
 * A keyed hash of 64 bits for index tables: HalfSipHash-1-3 (Aumasson, Bernstein). Clients choose dependency keys,
 * and could choose many that fall together if they knew the hash; the key is a secret of the store.
 */

export class KeyHash {
  /** Halves of the hash last made, as unsigned numbers. */
  high = 0;
  low = 0;
  readonly #key0: number;
  readonly #key1: number;

  /** @param key 8 bytes */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, 8);
    this.#key0 = view.getUint32(0, true);
    this.#key1 = view.getUint32(4, true);
  }

  /** Puts the hash of the first `length` bytes, of all if not given, into `high` and `low`. */
  take(bytes: Uint8Array, length = bytes.length): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee; // the variant with 64 bits of output
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    const whole = length & ~3;
    let block = 0;
    for (let at = 0; at <= whole; at += 4) {
      if (at < whole)
        block = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      else {
        block = length << 24;
        for (let i = at; i < length; i++) block |= bytes[i]! << ((i - at) * 8);
      }
      v3 ^= block;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= block;
    }
    v2 ^= 0xee;
    for (let round = 0; round < 6; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 2) {
        this.high = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
    }
    this.low = (v1 ^ v3) >>> 0;
  }
}
