/**
 * Databases (protocol section 11): the documents of every learner, and what became of each transaction, are
 * those of a single-threaded replay of the committed order. The document machine is written here once more,
 * from its description and nothing else: ids in a map, JSON by the language's own parser, RFC 7396 by hand.
 * What a learner applied ahead of the blocks is replayed after them, in its own order.
 */

import { textOf } from '../../src/base/bytes.ts';
import type { Transaction } from '../../src/messages/transaction.ts';
import type { Verdict } from '../../src/ordering/order.ts';
import type { LearnerRecord } from '../learners/learner.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';
import { longestOrder } from './learners.ts';

type Status = 'applied' | 'refused' | 'rejected' | 'duplicate' | 'void';
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Documents = Map<string, Json>;

interface Operation {
  readonly op: string;
  readonly id: string;
  readonly value: Json | undefined;
}

const isObject = (value: unknown): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7396. */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: [string, Json][] = isObject(target) ? Object.entries(target) : [];
  for (const [key, value] of Object.entries(patch)) {
    const at = result.findIndex(([name]) => name === key);
    const before = at < 0 ? undefined : result.splice(at, 1)[0]![1];
    if (value !== null) result.push([key, merged(before, value)]);
  }
  return Object.fromEntries(result);
}

/** A value as text in which the order of members does not show. */
function plain(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(plain).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${plain(value[key]!)}`).join()}}`;
}

const members: Readonly<Record<string, readonly string[]>> = {
  create: ['document', 'id', 'op'],
  update: ['document', 'id', 'op'],
  patch: ['id', 'op', 'patch'],
  delete: ['id', 'op'],
};

/** The operations of a body, or undefined when it is malformed. */
function operationsOf(body: Uint8Array): Operation[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
  if (!isObject(value) || !Array.isArray(value.ops) || value.ops.length === 0) return undefined;
  for (const [key, one] of Object.entries(value))
    if (key !== 'ops' && !(['at', 'author'].includes(key) && ['string', 'number'].includes(typeof one)))
      return undefined;
  const operations: Operation[] = [];
  for (const one of value.ops) {
    if (!isObject(one) || typeof one.op !== 'string' || typeof one.id !== 'string') return undefined;
    if (one.id === '' || Object.keys(one).sort().join() !== members[one.op]?.join()) return undefined;
    operations.push({ op: one.op, id: one.id, value: one.op === 'patch' ? one.patch : one.document });
  }
  return operations;
}

/** One operation; false when it cannot be. */
function run({ op, id, value }: Operation, documents: Documents): boolean {
  const exists = documents.has(id);
  if (exists === (op === 'create')) return false;
  if (op === 'delete') documents.delete(id);
  else if (op === 'patch') documents.set(id, merged(documents.get(id), value!));
  else documents.set(id, value!);
  return true;
}

/** Applies one transaction wholly or not at all. */
function applied({ body, dependencies }: Transaction, documents: Documents): Status {
  const declared = dependencies && new Set(dependencies.map(textOf));
  const before = new Map(documents);
  const operations = operationsOf(body);
  const done = operations?.every(
    (operation) => (declared === undefined || declared.has(operation.id)) && run(operation, documents),
  );
  if (done) return 'applied';
  documents.clear();
  for (const [id, value] of before) documents.set(id, value);
  return 'refused';
}

export const database: Checker = {
  name: 'database',
  check: (history) => history.learners.flatMap((record) => databaseDamage(record, history)),
};

const of = (one: { readonly void: boolean; readonly verdicts: readonly Verdict[] }) => ({
  isVoid: one.void,
  verdicts: one.verdicts,
});

/** Replays what a learner must have applied, and compares. */
export function databaseDamage(record: LearnerRecord, history: History): string[] {
  const { name, height, documents } = record;
  const order = longestOrder(history).filter((place) => place.height <= height);
  const placed = new Set(order.map((place) => place.batch));
  const ahead = record.applied.filter((one) => !placed.has(one.batch.id));
  const places = [
    ...order.map((place) => ({ batch: history.batches.get(place.batch), id: place.batch, ...of(place) })),
    ...ahead.map((one) => ({ batch: one.batch, id: one.batch.id, ...of(one) })),
  ];
  const outcomes = new Map(record.applied.map((one) => [one.batch.id, one.outcomes.join()]));
  const expected: Documents = new Map();
  const objections: string[] = [];
  for (const { batch, id, isVoid, verdicts } of places) {
    if (!batch) throw new Error(`batch ${id} is in the order and was never seen`);
    const statuses = batch.transactions.map((transaction, i): Status => {
      if (isVoid) return 'void';
      const verdict = verdicts[i]!;
      return verdict === 'executed' ? applied(transaction, expected) : verdict;
    });
    if (statuses.join() !== outcomes.get(id))
      objections.push(`${name}: ${short(id)} came out as ${outcomes.get(id)}, not ${statuses}`);
  }
  const names = new Set([...documents.keys(), ...expected.keys()]);
  for (const id of names) {
    const has = documents.get(id);
    const value = expected.get(id);
    const wanted = value === undefined ? undefined : plain(value);
    if ((has && plain(JSON.parse(has) as Json)) !== wanted)
      objections.push(`${name} has ${has} as document ${JSON.stringify(id)}, not ${wanted}`);
  }
  return objections;
}
