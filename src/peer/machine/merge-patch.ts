/**
 * JSON Merge Patch, RFC 7396: an object in the patch is merged member by member, null removes a
 * member, anything else replaces. Members are handled as entries, never by assignment, so that keys
 * like `__proto__` are members like all others.
 */

import type { Document } from '../api.ts';

export type DocumentObject = { readonly [key: string]: Document };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDocumentObject = (value: Document | undefined): value is DocumentObject => isObject(value);

/**
 * The target with the patch merged in; neither is changed, and the result may share parts with both.
 * Recursion goes as deep as the patch: bound its depth first.
 */
export function mergePatch(target: Document | undefined, patch: Document): Document {
  if (!isDocumentObject(patch)) return patch;
  const members = new Map<string, Document>(isDocumentObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else members.set(key, mergePatch(members.get(key), value));
  }
  return Object.fromEntries(members);
}
