/**
 * The built-in state machine: a document database. A transaction's body is UTF-8 JSON,
 *
 *   {"ops": [{"op": "create" | "update", "id": "...", "document": ...},
 *            {"op": "patch", "id": "...", "patch": ...},          JSON Merge Patch, RFC 7396
 *            {"op": "delete", "id": "..."}],
 *    "at": ..., "author": ...}                                    optional, a number or a string each
 *
 * Operations run in sequence, on one document also several; all of them take effect, or none. Refused:
 * a create of what exists, any other operation on what does not, and a malformed body. That an id is
 * declared is checked for every state machine, in `apply.ts`.
 *
 * The form of a body does not depend on the documents, so `check` lets signers reject a malformed one
 * before it is ordered (protocol section 8).
 */

import { compareBytes } from '../../base/bytes.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { dependenciesMax } from '../../messages/limits.ts';
import type { Document, DocumentTransaction, OrderedTransaction, Outcome, StateMachine } from '../api.ts';
import { canonicalJson, idBytes, idFault, parseJson } from './json.ts';
import { isObject, mergePatch } from './merge-patch.ts';

export type Operation =
  | { readonly op: 'create' | 'update'; readonly id: string; readonly document: Document }
  | { readonly op: 'patch'; readonly id: string; readonly patch: Document }
  | { readonly op: 'delete'; readonly id: string };

/** Operations in one transaction; with more than this many documents it could not declare them. */
export const operationsMax = dependenciesMax;

/** The member that holds an operation's value, or undefined when it has none. */
const valueMember: Readonly<Record<Operation['op'], 'document' | 'patch' | undefined>> = {
  create: 'document',
  update: 'document',
  patch: 'patch',
  delete: undefined,
};

const isKind = (op: unknown): op is Operation['op'] =>
  typeof op === 'string' && Object.hasOwn(valueMember, op);

function parseOperation(value: unknown, index: number): Result<Operation> {
  const where = `operation ${index}`;
  if (!isObject(value)) return refuse('OPERATION', `${where} is not an object`);
  if (!Object.hasOwn(value, 'op') || !isKind(value.op))
    return refuse('OPERATION', `${where}: op is not create, update, patch or delete`);
  const member = valueMember[value.op];
  const allowed = member === undefined ? ['op', 'id'] : ['op', 'id', member];
  for (const key of allowed)
    if (!Object.hasOwn(value, key)) return refuse('OPERATION', `${where}: ${key} is missing`);
  if (Object.keys(value).length !== allowed.length)
    return refuse('OPERATION', `${where}: holds more than ${allowed.join(', ')}`);
  const fault = idFault(value.id);
  if (fault !== undefined) return refuse('OPERATION', `${where}: ${fault}`);
  if (member === undefined) return accept(value as unknown as Operation);
  const canonical = canonicalJson(value[member]);
  if (!canonical.ok) return refuse('OPERATION', `${where}: ${member} ${canonical.error.message}`);
  return accept(value as unknown as Operation);
}

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));

/** Reads a transaction's body. A refusal's message does not depend on the JavaScript engine. */
export function parseOperations(body: Uint8Array): Result<readonly Operation[]> {
  const parsed = parseJson(body);
  if (!parsed.ok) return parsed;
  const value = parsed.value;
  if (!isObject(value) || !Object.hasOwn(value, 'ops')) return refuse('BODY', 'body has no ops');
  for (const key of Object.keys(value)) {
    if (key === 'ops') continue;
    if (key !== 'at' && key !== 'author') return refuse('BODY', 'body holds more than ops, at and author');
    if (!isScalar(value[key])) return refuse('BODY', `${key} is not a number or a string`);
  }
  const ops = value.ops;
  if (!Array.isArray(ops) || ops.length === 0) return refuse('BODY', 'ops is not a list of operations');
  if (ops.length > operationsMax) return refuse('BODY', `ops has more than ${operationsMax} operations`);
  const operations: Operation[] = [];
  for (const [index, one] of ops.entries()) {
    const operation = parseOperation(one, index);
    if (!operation.ok) return operation;
    operations.push(operation.value);
  }
  return accept(operations);
}

/** Runs one operation; returns why it cannot, if so. */
function run(operation: Operation, documents: DocumentTransaction): string | undefined {
  const { id } = operation;
  const current = documents.get(id);
  const name = JSON.stringify(id);
  if (operation.op === 'create') {
    if (current !== undefined) return `create: document ${name} exists`;
    documents.put(id, operation.document);
    return undefined;
  }
  if (current === undefined) return `${operation.op}: document ${name} does not exist`;
  if (operation.op === 'delete') documents.delete(id);
  else if (operation.op === 'patch') documents.put(id, mergePatch(current, operation.patch));
  else documents.put(id, operation.document);
  return undefined;
}

function apply(transaction: OrderedTransaction, documents: DocumentTransaction): Outcome {
  const operations = parseOperations(transaction.body);
  if (!operations.ok) return { status: 'refused', reason: operations.error.message };
  for (const operation of operations.value) {
    const reason = run(operation, documents);
    if (reason !== undefined) return { status: 'refused', reason };
  }
  return { status: 'applied' };
}

/** The document database, as a learner applies it and as signers check bodies for it. */
export const documentMachine: StateMachine & { check(body: Uint8Array): string | undefined } = {
  apply,
  check(body) {
    const operations = parseOperations(body);
    return operations.ok ? undefined : operations.error.message;
  },
};

/**
 * What a transaction with these operations must declare: the ids as UTF-8 bytes, ascending, each once.
 * @throws when an id is not a valid one.
 */
export function documentDependencies(operations: readonly { readonly id: string }[]): Uint8Array[] {
  const ids = new Set<string>();
  for (const { id } of operations) {
    const fault = idFault(id);
    if (fault !== undefined) throw new Error(fault);
    ids.add(id);
  }
  return [...ids].map(idBytes).sort(compareBytes);
}

/**
 * The body of a transaction with these operations.
 * @throws when the machine would refuse it as malformed.
 */
export function encodeOperations(
  operations: readonly Operation[],
  extra: { readonly at?: number | string; readonly author?: number | string } = {},
): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify({ ...extra, ops: operations }));
  const parsed = parseOperations(body);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return body;
}
