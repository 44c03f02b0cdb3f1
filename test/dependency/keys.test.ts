import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchNumber, signerId, type TransactionId } from '../../src/base/ids.ts';
import { installNative } from '../../src/base/native.ts';
import { installNodeNative } from '../../src/crypto/native-node.ts';
import { conflicts, dependencyKey, slotKey, transactionKey } from '../../src/dependency/keys.ts';
import { anyBatch, batchesConflict, keys, type PlainTransaction } from './support.ts';

let slots = 0;
const batch = (...transactions: PlainTransaction[]) => keys({ ingress: 0, number: ++slots, transactions });
const everything = (id: string): PlainTransaction => ({ id, list: undefined });
const on = (id: string, ...list: string[]): PlainTransaction => ({ id, list });

describe('conflicts', () => {
  it('equals the definition, transaction by transaction', () => {
    fc.assert(
      fc.property(anyBatch, anyBatch, (a, b) => {
        expect(conflicts(keys(a), keys(b))).toBe(batchesConflict(a, b));
        expect(conflicts(keys(b), keys(a))).toBe(batchesConflict(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a shared dependency', [on('1', 'a')], [on('2', 'b', 'a')], true],
    ['none shared', [on('1', 'a')], [on('2', 'b')], false],
    ['no list against a list', [everything('1')], [on('2', 'b')], true],
    ['no list against no list', [everything('1')], [everything('2')], true],
    ['no list against empty lists', [everything('1')], [on('2'), on('3')], false],
    ['no list against a mixed batch', [everything('1'), on('9')], [on('2'), on('3', 'z')], true],
    ['empty lists', [on('1')], [on('2')], false],
    ['one transaction with an empty list twice', [on('1')], [on('1')], true],
    ['one transaction with no list beside an empty one', [everything('1')], [on('2'), everything('1')], true],
    ['an id named as a dependency', [on('1')], [on('2', '1')], false],
  ] as const)('%s', (_, a, b, expected) => {
    expect(conflicts(batch(...a), batch(...b))).toBe(expected);
  });

  it('same number of the same ingress', () => {
    const slot = { ingress: 1, number: 7, transactions: [on('1')] };
    const other = { ...slot, transactions: [on('2')] };
    expect(conflicts(keys(slot), keys(other))).toBe(true);
    expect(conflicts(keys(slot), keys({ ...other, ingress: 2 }))).toBe(false);
    // 1/17 and 11/7 must not read alike.
    expect(slotKey(signerId(1), batchNumber(17))).not.toBe(slotKey(signerId(11), batchNumber(7)));
  });
});

describe('keysOf', () => {
  it('keeps every byte of a dependency apart, and dependencies apart from ids', () => {
    const all = Array.from({ length: 256 }, (_, i) => dependencyKey(Uint8Array.of(i)));
    expect(new Set(all).size).toBe(256);
    expect(dependencyKey(Uint8Array.of(1, 2))).not.toBe(dependencyKey(Uint8Array.of(12)));
    expect(transactionKey('x' as TransactionId)).not.toBe(dependencyKey(Uint8Array.of(0x78)));
  });

  it('is a d and a character for each byte, however long the dependency is', () => {
    const bytes = (length: number, step: number) =>
      Uint8Array.from({ length }, (_, i) => (i * step + length) & 255);
    const written = () => {
      // Longer and shorter ones in turn: nothing of one may show in the next.
      for (const length of [300, 0, 129, 128, 127, 1, 12])
        for (const step of [1, 7, 255])
          expect(dependencyKey(bytes(length, step))).toBe(`d${String.fromCharCode(...bytes(length, step))}`);
    };
    written();
    installNodeNative();
    try {
      written();
    } finally {
      installNative(undefined);
    }
  });

  it('names each dependency once', () => {
    const found = batch(on('1', 'a', 'b'), on('2', 'b'));
    expect(found.dependencies).toEqual(['da', 'db']);
    expect(found.transactions).toEqual(['1', '2']);
    expect([found.wildcard, found.explicit]).toEqual([false, true]);
  });
});
