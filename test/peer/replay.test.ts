import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { Document, StateMachine, Verdict } from '../../src/peer/api.ts';
import {
  conformanceGenesis,
  historyOf,
  sketchBatch,
  type TransactionSketch,
} from '../../src/peer/documents/conformance-history.ts';
import { MemoryDocumentStore } from '../../src/peer/documents/memory.ts';
import { documentDependencies, documentMachine, type Operation } from '../../src/peer/machine/documents.ts';
import { replayRoot, singleThreadedReplay } from '../../src/peer/replay.ts';

const signal = new AbortController().signal;
const id = fc.constantFrom('a', 'b', 'c', '__proto__', '\u{1f600}');
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((one) => JSON.parse(JSON.stringify(one)) as Document),
  fc.constantFrom<Document>(JSON.parse('{"__proto__":{"x":null,"y":1}}'), { a: null }, { a: { b: 1 } }, -0),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constantFrom('create' as const, 'update' as const), id, document: value }),
  fc.record({ op: fc.constant('patch' as const), id, patch: value }),
  fc.record({ op: fc.constant('delete' as const), id }),
);
/** Declares the ids it uses, nothing (`null`), or some that it may not use. */
const sketch: fc.Arbitrary<TransactionSketch> = fc
  .record({
    ops: fc.array(operation, { minLength: 1, maxLength: 3 }),
    verdict: fc.constantFrom<Verdict>('executed', 'executed', 'executed', 'rejected', 'duplicate'),
    declared: fc.oneof(fc.constantFrom('used' as const, 'all' as const), fc.uniqueArray(id)),
  })
  .map(({ ops, verdict, declared }) => {
    if (declared === 'used') return { ops, verdict };
    if (declared === 'all') return { ops, verdict, dependencies: null };
    return { ops, verdict, dependencies: documentDependencies(declared.map((one) => ({ id: one }))) };
  });
const batches = fc.array(fc.array(fc.array(sketch, { minLength: 1, maxLength: 4 }), { maxLength: 3 }), {
  maxLength: 4,
});

describe('single-threaded replay', () => {
  it('agrees with a store on every outcome and state root, however transactions are grouped', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (groups) => {
        let number = 0;
        const history = historyOf(
          conformanceGenesis,
          groups.map((group) => ({
            batches: group.map((sketches) => sketchBatch(++number, sketches, number % 5 === 0)),
          })),
        );
        const store = new MemoryDocumentStore();
        await store.open(history.genesis);
        for (const [i, group] of history.groups.entries()) {
          expect(await store.apply(group, documentMachine, signal)).toEqual(history.outcomes[i]);
          const stage = history.stages[i + 1]!;
          expect(toHex(await store.stateRoot())).toBe(stage.stateRoot);
          expect(await store.count()).toBe(stage.count);
          for (const [key, document] of stage.documents) expect(await store.get(key)).toEqual(document);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the frozen state roots', () => {
    expect(replayRoot(new Map())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const documents = new Map<string, Document>([
      ['b', { y: [1, 2.5], x: null }],
      ['a', 'text'],
      ['\u{1f600}', {}],
    ]);
    expect(replayRoot(documents)).toBe('586da461cae4d867dd2544d85cb75418219ed06a49c21c955e1da9db05ff0b11');
    expect(replayRoot(new Map([...documents].reverse()))).toBe(replayRoot(documents));
  });

  it('propagates what the machine throws', () => {
    const machine: StateMachine = {
      apply() {
        throw new Error('boom');
      },
    };
    const { transactions } = sketchBatch(1, [{ ops: [{ op: 'delete', id: 'a' }] }]);
    expect(() => singleThreadedReplay(transactions, machine)).toThrow('boom');
  });
});
