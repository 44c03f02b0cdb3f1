/** Byte arrays: hex, text, comparison, concatenation. Nothing here keeps a reference to its input. */

import { native } from './native.ts';

/** Longer arrays have memory of their own; the shortest are kept with their object by the machine itself. */
const sharedBytesMin = 65;
const sharedBytesMax = 1024;
const slabBytes = 8192;
let slab = new Uint8Array(slabBytes);
let slabUsed = 0;

/**
 * Zeros to be filled in. Memory of one's own costs ten times as much as the bytes of a message, so arrays
 * of middle length are cut from larger pieces, each piece of memory once: `buffer` is not theirs alone.
 */
export function allocate(length: number): Uint8Array {
  if (length < sharedBytesMin || length > sharedBytesMax) return new Uint8Array(length);
  if (slabUsed + length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    slabUsed = 0;
  }
  const bytes = slab.subarray(slabUsed, slabUsed + length);
  slabUsed += length;
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const digits = '0123456789abcdef';
/** Character codes of the two hex digits of each byte. */
const highDigit = Uint8Array.from({ length: 256 }, (_, byte) => digits.charCodeAt(byte >> 4));
const lowDigit = Uint8Array.from({ length: 256 }, (_, byte) => digits.charCodeAt(byte & 15));
/** Value of each hex digit by its character code, -1 for other characters. */
const digitValue = new Int8Array(128).fill(-1);
for (const [value, digit] of [...digits].entries()) {
  digitValue[digit.charCodeAt(0)] = value;
  digitValue[digit.toUpperCase().charCodeAt(0)] = value;
}

const codesMax = 64;
/** Codes of a digest's digits: made into a string in one piece, which map look-ups need anyhow. */
const codes = new Array<number>(codesMax).fill(0);

/** Lower-case hex of `length` bytes from `at` on. */
export function hexAt(bytes: Uint8Array, at: number, length: number): string {
  return native ? native.hex(bytes, at, at + length) : ownHexAt(bytes, at, length);
}

function ownHexAt(bytes: Uint8Array, at: number, length: number): string {
  let hex = '';
  let filled = 0;
  for (let i = at; i < at + length; i++) {
    codes[filled++] = highDigit[bytes[i]!]!;
    codes[filled++] = lowDigit[bytes[i]!]!;
    if (filled < codesMax) continue;
    hex += String.fromCharCode.apply(null, codes);
    filled = 0;
  }
  return filled === 0 ? hex : hex + String.fromCharCode.apply(null, codes.slice(0, filled));
}

/** Writes the bytes of a hex text to `at`. @throws when the text is not an even number of hex digits. */
export function putHex(hex: string, bytes: Uint8Array, at: number): void {
  let wrong = hex.length & 1;
  for (let i = 0, to = at; i < hex.length - 1; i += 2) {
    const high = hex.charCodeAt(i);
    const low = hex.charCodeAt(i + 1);
    const byte = (digitValue[high & 127]! << 4) | digitValue[low & 127]!;
    wrong |= (high | low) >> 7;
    wrong |= byte < 0 ? 1 : 0;
    bytes[to++] = byte;
  }
  if (wrong !== 0) throw new Error(`not an even number of hex digits: "${hex.slice(0, 80)}"`);
}

export const toHex = (bytes: Uint8Array): string => hexAt(bytes, 0, bytes.length);
/** @throws when the text is not an even number of hex digits. */
export function fromHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  putHex(hex, bytes, 0);
  return bytes;
}
/** Longer runs than this are not given to a function as arguments. */
const argumentsMax = 4096;

/** The bytes as text of one character each, as map keys are; it compares by code unit as the bytes do. */
export function byteText(bytes: Uint8Array): string {
  if (native) return native.text(bytes, 0, bytes.length);
  let text = '';
  for (let at = 0; at < bytes.length; at += argumentsMax)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + argumentsMax) as unknown as number[]);
  return text;
}
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
/** @throws TypeError when the bytes are not UTF-8. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = allocate(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Lexicographic comparison of bytes: negative, 0 or positive, as a sort function expects. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => compareBytes(a, b) === 0;

/** Comparison of strings by code unit: the same everywhere, unlike `localeCompare`. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
