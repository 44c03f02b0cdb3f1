import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../../src/base/assert.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import type {
  Document,
  DocumentTransaction,
  OrderedTransaction,
  Outcome,
  StateMachine,
} from '../../../src/peer/api.ts';
import {
  conformanceGenesis,
  sketchBatch,
  type TransactionSketch,
} from '../../../src/peer/documents/conformance-history.ts';
import { applyGroup, type ReadDocument } from '../../../src/peer/machine/apply.ts';
import { orderedGroup } from '../../../src/peer/position.ts';

type Script = (documents: DocumentTransaction, transaction: OrderedTransaction) => Outcome;
const applied: Outcome = { status: 'applied' };

/** A machine that runs the script with the number of its call. */
const scripted = (...scripts: readonly Script[]): StateMachine => {
  const left = scripts.values();
  return { apply: (transaction, documents) => left.next().value!(documents, transaction) };
};

/** Applies transactions that all declare `a` and `b`, unless they say otherwise, to documents as given. */
async function run(
  scripts: readonly Script[],
  sketches: readonly TransactionSketch[] = scripts.map(() => ({})),
  read: ReadDocument = (id) => (id === 'a' ? '{"n":1}' : undefined),
) {
  const declared = sketches.map((one) => ({ dependencies: [utf8('a'), utf8('b')], body: utf8('x'), ...one }));
  const group = orderedGroup(conformanceGenesis, [sketchBatch(1, declared)]);
  const effect = await applyGroup(group, scripted(...scripts), read, async () => undefined);
  return { outcomes: effect.outcomes, writes: Object.fromEntries(effect.writes) };
}

const put =
  (id: string, document: Document): Script =>
  (documents) => {
    documents.put(id, document);
    return applied;
  };

describe('applying a group', () => {
  it('shows a transaction its own writes and those before it, in copies', async () => {
    const result = await run([
      (documents) => {
        const a = documents.get('a') as { n: number };
        a.n = 99;
        expect(documents.get('a')).toEqual({ n: 1 });
        documents.put('a', { n: 2 });
        expect(documents.get('a')).toEqual({ n: 2 });
        documents.put('b', 1);
        documents.delete('b');
        expect(documents.get('b')).toBeUndefined();
        return applied;
      },
      (documents) => {
        expect(documents.get('a')).toEqual({ n: 2 });
        documents.delete('a');
        return applied;
      },
    ]);
    expect(result).toEqual({ outcomes: [applied, applied], writes: { a: undefined, b: undefined } });
  });

  it('keeps nothing of what a machine refuses', async () => {
    const result = await run([
      (documents) => {
        documents.put('a', 1);
        return { status: 'refused', reason: 'no' };
      },
    ]);
    expect(result).toEqual({ outcomes: [{ status: 'refused', reason: 'no' }], writes: {} });
  });

  const reason = 'document "c" is not among the dependencies';
  const refused = { outcomes: [{ status: 'refused', reason }], writes: {} };
  const reaches: readonly (readonly [string, Script])[] = [
    [
      'reads',
      (documents) => {
        documents.get('c');
        return applied;
      },
    ],
    ['writes', put('c', 1)],
    [
      'deletes',
      (documents) => {
        documents.delete('c');
        return applied;
      },
    ],
  ];
  for (const [name, reach] of reaches) {
    it(`refuses a transaction that ${name} an undeclared document`, async () => {
      const script: Script = (documents, transaction) => {
        documents.put('a', 5);
        return reach(documents, transaction);
      };
      expect(await run([script])).toEqual(refused);
    });
    it(`does so when the machine catches the exception, returns or throws another (${name})`, async () => {
      const after: readonly (() => Outcome)[] = [
        () => applied,
        () => ({ status: 'refused', reason: 'mine' }),
        () => {
          throw new Error('mine');
        },
      ];
      for (const end of after)
        expect(
          await run([
            (documents, one) => {
              try {
                reach(documents, one);
              } catch {
                expect(() => documents.put('a', 6)).toThrow();
                expect(() => documents.get('a')).toThrow();
              }
              return end();
            },
          ]),
        ).toEqual(refused);
    });
  }

  it('lets a transaction without a list touch everything, and one with an empty list nothing', async () => {
    expect(await run([put('c', 1)], [{ dependencies: null }])).toEqual({
      outcomes: [applied],
      writes: { c: '1' },
    });
    expect((await run([put('a', 1)], [{ dependencies: [] }])).outcomes[0]?.status).toBe('refused');
  });

  it('compares declared ids as bytes', async () => {
    const marked = concat(Uint8Array.of(0xef, 0xbb, 0xbf), utf8('a'));
    const odd = [Uint8Array.of(0xff), marked];
    expect((await run([put('a', 1)], [{ dependencies: odd }])).outcomes[0]?.status).toBe('refused');
    expect((await run([put('\ufeffa', 1)], [{ dependencies: odd }])).outcomes).toEqual([applied]);
    expect((await run([put('\ufffd', 1)], [{ dependencies: odd }])).outcomes[0]?.status).toBe('refused');
  });

  it('refuses ids and documents that no store can hold', async () => {
    const reasons = async (script: Script) => (await run([script], [{ dependencies: null }])).outcomes;
    expect(await reasons(put('', 1))).toEqual([{ status: 'refused', reason: 'document id is empty' }]);
    expect(await reasons(put('a', Number.NaN))).toEqual([
      { status: 'refused', reason: 'document "a" holds a number that is not finite' },
    ]);
    expect(await reasons(put('a', new Date(0) as unknown as Document))).toEqual([
      { status: 'refused', reason: 'document "a" holds an object that is not a plain one' },
    ]);
  });

  it('never gives rejected, duplicate and void transactions to the machine', async () => {
    const batch = sketchBatch(1, [
      { verdict: 'rejected', body: utf8('x') },
      { verdict: 'duplicate', body: utf8('x') },
    ]);
    const group = orderedGroup(conformanceGenesis, [batch, sketchBatch(2, [{ body: utf8('x') }], true)]);
    const effect = await applyGroup(
      group,
      scripted(),
      () => undefined,
      async () => undefined,
    );
    expect(effect.outcomes).toEqual([{ status: 'rejected' }, { status: 'duplicate' }, { status: 'void' }]);
  });

  it('propagates what the machine throws', async () => {
    const boom = new Error('boom');
    await expect(
      run([
        () => {
          throw boom;
        },
      ]),
    ).rejects.toBe(boom);
  });

  it('propagates what a read throws, even when the machine catches it', async () => {
    const disk = new Error('disk');
    const failing: ReadDocument = () => {
      throw disk;
    };
    const swallow: Script = (documents) => {
      try {
        documents.get('a');
      } catch {
        return { status: 'refused', reason: 'swallowed' };
      }
      return applied;
    };
    await expect(run([swallow], [{}], failing)).rejects.toBe(disk);
  });

  it('objects to outcomes that are not a machine\u2019s to give, and to documents used too late', async () => {
    await expect(run([() => ({ status: 'duplicate' })])).rejects.toThrow(InvariantViolation);
    await expect(run([(() => Promise.resolve(applied)) as unknown as Script])).rejects.toThrow(
      InvariantViolation,
    );
    let leaked: DocumentTransaction | undefined;
    const leak: Script = (documents) => {
      leaked = documents;
      return applied;
    };
    await run([leak]);
    expect(() => leaked?.put('a', 1)).toThrow(InvariantViolation);
  });
});
