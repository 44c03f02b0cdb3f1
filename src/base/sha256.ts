/**
 * SHA-256 (FIPS 180-4). The protocol hashes little at a time and very often, and a general library spends
 * more on its objects than on the rounds: this one keeps one block, one schedule and one state, and joins
 * the parts of a message as it reads them. The tests hold it against two other implementations.
 *
 * A host may lend its own (`native.ts`): it is given contiguous bytes, joined in one buffer that is used
 * again and again, since a call costs more than hashing the few blocks of most messages.
 */

import { toHex } from './bytes.ts';
import { native } from './native.ts';

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const rounds = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
);

/** The same of the square roots of the first eight primes. */
const initial = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;

const blockBytes = 64;
/** Where the length in bits stands in the last block. */
const lengthAt = 56;

const block = new Uint8Array(blockBytes);
const schedule = new Int32Array(64);
const state = new Int32Array(8);

/** One block from `bytes` at `at` into the state. */
function compress(bytes: Uint8Array, at: number): void {
  const w = schedule;
  for (let i = 0, from = at; i < 16; i++, from += 4)
    w[i] = (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const sum1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + sum1 + ((e & f) ^ (~e & g)) + rounds[i]! + w[i]!) | 0;
    const sum0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
  state[4] = (state[4]! + e) | 0;
  state[5] = (state[5]! + f) | 0;
  state[6] = (state[6]! + g) | 0;
  state[7] = (state[7]! + h) | 0;
}

/** Takes one part in; `filled` bytes of the block are in use. Returns how many are afterwards. */
function absorb(part: Uint8Array, filled: number): number {
  let at = 0;
  let used = filled;
  while (at < part.length) {
    if (used === 0 && part.length - at >= blockBytes) {
      compress(part, at);
      at += blockBytes;
      continue;
    }
    const room = Math.min(blockBytes - used, part.length - at);
    for (let i = 0; i < room; i++) block[used + i] = part[at + i]!;
    used += room;
    at += room;
    if (used < blockBytes) continue;
    compress(block, 0);
    used = 0;
  }
  return used;
}

function finish(filled: number, length: number): Uint8Array {
  let used = filled;
  block[used++] = 0x80;
  if (used > lengthAt) {
    block.fill(0, used);
    compress(block, 0);
    used = 0;
  }
  block.fill(0, used);
  const bits = length * 8;
  for (let i = 7, rest = bits; rest > 0; i--, rest = Math.floor(rest / 256)) block[lengthAt + i] = rest % 256;
  compress(block, 0);
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) {
    const word = state[i]!;
    digest[4 * i] = word >>> 24;
    digest[4 * i + 1] = word >>> 16;
    digest[4 * i + 2] = word >>> 8;
    digest[4 * i + 3] = word;
  }
  return digest;
}

const scratch = new Uint8Array(1 << 14);

/** The parts as one array, in the scratch buffer when there is room: to be read at once. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  let length = 0;
  for (const part of parts) length += part.length;
  const to = length <= scratch.length ? scratch : new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    to.set(part, at);
    at += part.length;
  }
  return to.subarray(0, length);
}

function ownSha256(parts: readonly Uint8Array[]): Uint8Array {
  state.set(initial);
  let filled = 0;
  let length = 0;
  for (const part of parts) {
    filled = absorb(part, filled);
    length += part.length;
  }
  return finish(filled, length);
}

/** SHA-256 of the parts one after the other, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  if (!native) return ownSha256(parts);
  const text = native.sha256Text(joined(parts));
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

/** The same as lower-case hex. */
export const sha256Hex = (...parts: readonly Uint8Array[]): string =>
  native ? native.sha256Hex(joined(parts)) : toHex(ownSha256(parts));
