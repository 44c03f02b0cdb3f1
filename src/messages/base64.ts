/**
 * Base64 (RFC 4648, with padding) for bytes inside JSON, the same in Node and in browsers. Strict: one
 * value has one text, so unused bits are zero and nothing but the alphabet is read.
 */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/** What a text must match before `fromBase64` reads it. */
export const base64Pattern =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

export function base64(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    text +=
      alphabet[word >> 18]! +
      alphabet[(word >> 12) & 63]! +
      alphabet[(word >> 6) & 63]! +
      alphabet[word & 63]!;
  }
  if (i + 1 === bytes.length) {
    const word = bytes[i]!;
    text += `${alphabet[word >> 2]!}${alphabet[(word & 3) << 4]!}==`;
  } else if (i + 2 === bytes.length) {
    const word = (bytes[i]! << 8) | bytes[i + 1]!;
    text += `${alphabet[word >> 10]!}${alphabet[(word >> 4) & 63]!}${alphabet[(word & 15) << 2]!}=`;
  }
  return text;
}

/** Bytes of a text that matches `base64Pattern`. */
export function fromBase64(text: string): Uint8Array {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const value = (i: number): number => values[text.charCodeAt(i)] ?? 0;
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const word = (value(i) << 18) | (value(i + 1) << 12) | (value(i + 2) << 6) | value(i + 3);
    bytes[at++] = word >> 16;
    if (at < bytes.length) bytes[at++] = (word >> 8) & 255;
    if (at < bytes.length) bytes[at++] = word & 255;
  }
  return bytes;
}
