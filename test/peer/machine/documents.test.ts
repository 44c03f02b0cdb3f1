import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textOf, utf8 } from '../../../src/base/bytes.ts';
import type { Document } from '../../../src/peer/api.ts';
import { sketchBatch } from '../../../src/peer/documents/conformance-history.ts';
import {
  documentDependencies,
  documentMachine,
  encodeOperations,
  type Operation,
  operationsMax,
  parseOperations,
} from '../../../src/peer/machine/documents.ts';
import { singleThreadedReplay } from '../../../src/peer/replay.ts';

const check = (value: unknown): string | undefined => documentMachine.check(utf8(JSON.stringify(value)));

/** Runs transactions, each a list of operations, and shows what became of them. */
function run(...transactions: readonly (readonly Operation[])[]) {
  const batch = sketchBatch(
    1,
    transactions.map((ops) => ({ ops })),
  );
  const { documents, outcomes } = singleThreadedReplay(batch.transactions, documentMachine);
  const statuses = outcomes.map((one) => (one.status === 'refused' ? one.reason : one.status));
  return { documents: Object.fromEntries(documents), statuses };
}

const create = (id: string, document: Document): Operation => ({ op: 'create', id, document });
const update = (id: string, document: Document): Operation => ({ op: 'update', id, document });
const patch = (id: string, change: Document): Operation => ({ op: 'patch', id, patch: change });
const remove = (id: string): Operation => ({ op: 'delete', id });

describe('the document machine', () => {
  it('creates, updates, patches and deletes', () => {
    expect(
      run(
        [create('a', { x: 1 })],
        [patch('a', { y: 2 })],
        [create('b', 1)],
        [update('b', [2])],
        [remove('a')],
      ),
    ).toEqual({ documents: { b: [2] }, statuses: ['applied', 'applied', 'applied', 'applied', 'applied'] });
  });

  it('refuses a create of what exists, and all else on what does not', () => {
    expect(
      run([create('a', 1)], [create('a', 2)], [update('b', 1)], [patch('b', {})], [remove('b')]),
    ).toEqual({
      documents: { a: 1 },
      statuses: [
        'applied',
        'create: document "a" exists',
        'update: document "b" does not exist',
        'patch: document "b" does not exist',
        'delete: document "b" does not exist',
      ],
    });
  });

  it('takes null for a document, which is not the absence of one', () => {
    expect(run([create('a', null)], [create('a', 1)], [patch('a', { b: 1 })])).toEqual({
      documents: { a: { b: 1 } },
      statuses: ['applied', 'create: document "a" exists', 'applied'],
    });
  });

  it('applies several operations on one document in sequence', () => {
    expect(run([create('a', 1), remove('a'), create('a', { n: 1 }), patch('a', { m: 2 })]).documents).toEqual(
      {
        a: { n: 1, m: 2 },
      },
    );
  });

  it('applies all operations of a transaction or none', () => {
    expect(run([create('a', 1), create('b', 1), remove('c')])).toEqual({
      documents: {},
      statuses: ['delete: document "c" does not exist'],
    });
  });

  it('refuses an id that is not declared', () => {
    const batch = sketchBatch(1, [
      { ops: [create('a', 1), create('b', 1)], dependencies: documentDependencies([{ id: 'a' }]) },
    ]);
    expect(singleThreadedReplay(batch.transactions, documentMachine)).toEqual({
      documents: new Map(),
      outcomes: [{ status: 'refused', reason: 'document "b" is not among the dependencies' }],
    });
  });

  it('checks the form of a body', () => {
    const ops = [create('a', 1)];
    expect(check({ ops })).toBeUndefined();
    expect(check({ ops, at: 1659919717, author: 'me' })).toBeUndefined();
    expect(check(7)).toBe('body has no ops');
    expect(check([])).toBe('body has no ops');
    expect(check({})).toBe('body has no ops');
    expect(check({ ops, more: 1 })).toBe('body holds more than ops, at and author');
    expect(check({ ops, at: {} })).toBe('at is not a number or a string');
    expect(check({ ops: [] })).toBe('ops is not a list of operations');
    expect(check({ ops: {} })).toBe('ops is not a list of operations');
    expect(check({ ops: [7] })).toBe('operation 0 is not an object');
    expect(check({ ops: [...ops, { op: 'upsert', id: 'a', document: 1 }] })).toBe(
      'operation 1: op is not create, update, patch or delete',
    );
    expect(check({ ops: [{ op: 'toString', id: 'a' }] })).toBe(
      'operation 0: op is not create, update, patch or delete',
    );
    expect(check({ ops: [{ op: 'create', id: 'a' }] })).toBe('operation 0: document is missing');
    expect(check({ ops: [{ op: 'patch', id: 'a', document: 1 }] })).toBe('operation 0: patch is missing');
    expect(check({ ops: [{ op: 'delete' }] })).toBe('operation 0: id is missing');
    expect(check({ ops: [{ op: 'delete', id: 'a', document: 1 }] })).toBe(
      'operation 0: holds more than op, id',
    );
    expect(check({ ops: [{ op: 'delete', id: 7 }] })).toBe('operation 0: document id is not a string');
    expect(check({ ops: Array(operationsMax + 1).fill(remove('a')) })).toMatch(/^ops has more than/);
    expect(documentMachine.check(utf8('{"ops":[{"op":"create","id":"a","document":1e999}]}'))).toBe(
      'operation 0: document holds a number that is not finite',
    );
    expect(documentMachine.check(Uint8Array.of(0xc0))).toBe('body is not UTF-8');
  });

  it('is not fooled by inherited members', () => {
    expect(documentMachine.check(utf8('{"__proto__":{"ops":[]}}'))).toBe('body has no ops');
    const inherited = '{"ops":[{"__proto__":{"op":"delete","id":"a"},"id":"a"}]}';
    expect(documentMachine.check(utf8(inherited))).toBe(
      'operation 0: op is not create, update, patch or delete',
    );
    expect(run([create('__proto__', { x: 1 }), create('constructor', 1)]).statuses).toEqual(['applied']);
  });

  it('bounds the depth of what it takes, however deep the body is', () => {
    const deep = (depth: number) =>
      utf8(`{"ops":[{"op":"patch","id":"a","patch":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}]}`);
    expect(documentMachine.check(deep(64))).toBeUndefined();
    expect(documentMachine.check(deep(65))).toBe('operation 0: patch is nested deeper than 64');
    expect(documentMachine.check(deep(100_000))).toBe('operation 0: patch is nested deeper than 64');
  });

  it('takes or refuses any bytes without a throw', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map(utf8),
      fc.jsonValue().map((ops) => utf8(JSON.stringify({ ops }))),
    );
    fc.assert(
      fc.property(bytes, (body) => {
        const reason = documentMachine.check(body);
        expect(reason === undefined || reason.length > 0).toBe(true);
        const outcome = singleThreadedReplay(
          sketchBatch(1, [{ body, dependencies: null }]).transactions,
          documentMachine,
        );
        if (reason !== undefined) expect(outcome.outcomes[0]).toEqual({ status: 'refused', reason });
      }),
    );
  });
});

describe('the client helpers', () => {
  it('list the documents once, ascending by bytes', () => {
    const ids = ['b', '\u{1f600}', '\uff5e', 'a', 'b'].map((id) => ({ id }));
    expect(documentDependencies(ids).map(textOf)).toEqual(['a', 'b', '\uff5e', '\u{1f600}']);
    expect(() => documentDependencies([{ id: '' }])).toThrow('document id is empty');
  });

  it('make bodies that the machine reads back', () => {
    const ops = [create('a', { b: [1] }), patch('a', { b: null }), update('a', 1), remove('a')];
    expect(parseOperations(encodeOperations(ops, { at: 1, author: 'x' }))).toEqual({ ok: true, value: ops });
    expect(() => encodeOperations([])).toThrow('ops is not a list of operations');
  });
});
