/**
 * Documents as bytes. Learners compare state roots, so one document must have one serialisation:
 * RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code unit, no white space, numbers as
 * ECMAScript prints IEEE doubles (so -0 is 0, and 1e2 is 100).
 *
 * What cannot be stored the same way everywhere is a *fault*: non-finite numbers, lone surrogates,
 * nesting beyond `documentDepthMax`, more than `documentBytesMax` bytes, anything that is not JSON.
 * Fault texts are our own, never the engine's: they become part of outcomes, which learners compare.
 */

import { accept, type Result, refuse } from '../../base/result.ts';
import { dependencyBytesMax } from '../../messages/limits.ts';
import type { Document } from '../api.ts';

/** Containers inside each other; `[]` has depth 1, a number 0. */
export const documentDepthMax = 64;
/** Canonical UTF-8 bytes of one document. */
export const documentBytesMax = 4 << 20;
/** A document id is a dependency, so it fits into one. */
export const documentIdBytesMax = dependencyBytesMax;
/** UTF-16 code units of a refusal's reason; longer ones are cut. */
const reasonLengthMax = 512;

const loneSurrogate = /\p{Surrogate}/u;
// The byte order mark is kept: dropping it would make two different byte strings one id.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** A document's canonical text, or what is wrong with it. Never throws on any JavaScript value. */
export function canonicalJson(value: unknown): Result<string> {
  const parts: string[] = [];
  const fault = write(value, documentDepthMax, parts);
  if (fault !== undefined) return refuse('DOCUMENT', fault);
  const text = parts.join('');
  // One code unit takes at most 3 bytes, so short texts need no counting.
  if (text.length * 3 > documentBytesMax && encoder.encode(text).length > documentBytesMax)
    return refuse('DOCUMENT', `has more than ${documentBytesMax} bytes`);
  return accept(text);
}

/** Appends the canonical text of a value; returns what is wrong with it, if anything. */
function write(value: unknown, depthLeft: number, parts: string[]): string | undefined {
  if (value === null || typeof value === 'boolean') {
    parts.push(String(value));
    return undefined;
  }
  if (typeof value === 'number') {
    parts.push(JSON.stringify(value));
    return Number.isFinite(value) ? undefined : 'holds a number that is not finite';
  }
  if (typeof value === 'string') return writeString(value, parts);
  if (typeof value !== 'object') return `holds a ${typeof value}, which is not JSON`;
  if (depthLeft === 0) return `is nested deeper than ${documentDepthMax}`;
  return Array.isArray(value)
    ? writeArray(value, depthLeft, parts)
    : writeObject(value as Record<string, unknown>, depthLeft, parts);
}

function writeString(value: string, parts: string[]): string | undefined {
  parts.push(JSON.stringify(value));
  return loneSurrogate.test(value) ? 'holds a lone surrogate' : undefined;
}

function writeArray(value: readonly unknown[], depthLeft: number, parts: string[]): string | undefined {
  for (let i = 0; i < value.length; i++) {
    parts.push(i === 0 ? '[' : ',');
    const fault = write(value[i], depthLeft - 1, parts);
    if (fault !== undefined) return fault;
  }
  parts.push(value.length === 0 ? '[]' : ']');
  return undefined;
}

function writeObject(value: Record<string, unknown>, depthLeft: number, parts: string[]): string | undefined {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return 'holds an object that is not a plain one';
  // The default sort is by code unit, as RFC 8785 asks.
  const keys = Object.keys(value).sort();
  for (const [i, key] of keys.entries()) {
    parts.push(i === 0 ? '{' : ',');
    const fault = writeString(key, parts);
    if (fault !== undefined) return fault;
    parts.push(':');
    const inner = write(value[key], depthLeft - 1, parts);
    if (inner !== undefined) return inner;
  }
  parts.push(keys.length === 0 ? '{}' : '}');
  return undefined;
}

/** Reads text that `canonicalJson` wrote. Every call gives a fresh value. */
export const parseCanonical = (text: string): Document => JSON.parse(text) as Document;

/** Parses UTF-8 JSON from outside. Of repeated keys in an object the last one counts. */
export function parseJson(bytes: Uint8Array): Result<unknown> {
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    return refuse('BODY', 'body is not UTF-8');
  }
  try {
    return accept(JSON.parse(text) as unknown);
  } catch {
    return refuse('BODY', 'body is not JSON');
  }
}

/** What is wrong with a document id, if anything. */
export function idFault(id: unknown): string | undefined {
  if (typeof id !== 'string') return 'document id is not a string';
  if (id.length === 0) return 'document id is empty';
  if (id.length > documentIdBytesMax || encoder.encode(id).length > documentIdBytesMax)
    return `document id has more than ${documentIdBytesMax} bytes`;
  return loneSurrogate.test(id) ? 'document id holds a lone surrogate' : undefined;
}

/** The bytes under which a document id is stored, sorted and declared. */
export const idBytes = (id: string): Uint8Array => encoder.encode(id);
/** @throws TypeError when the bytes are not UTF-8. */
export const idOfBytes = (bytes: Uint8Array): string => strictUtf8.decode(bytes);

/** A refusal's reason in the form that survives storage: bounded, and well-formed Unicode. */
export const boundedReason = (reason: string): string =>
  lossyUtf8.decode(encoder.encode(reason.slice(0, reasonLengthMax)));
