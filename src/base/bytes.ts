/** Byte arrays: hex, text, comparison, concatenation. Nothing here keeps a reference to its input. */

import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes);
/** @throws when the text is not an even number of hex digits. */
export const fromHex = (hex: string): Uint8Array => hexToBytes(hex);
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
/** @throws TypeError when the bytes are not UTF-8. */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes(...parts);

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
