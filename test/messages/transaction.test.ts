/**
 * The hand-written reader of transactions against the same fields put together from `packed.ts`: what one
 * takes the other takes, as the same value, and what one refuses the other refuses.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes, utf8 } from '../../src/base/bytes.ts';
import {
  bytesMax,
  type Codec,
  digest,
  fixedBytes,
  optional,
  P,
  sortedBytes,
  u53,
} from '../../src/base/codec.ts';
import type { Epoch, Height } from '../../src/base/ids.ts';
import {
  decodeTransaction,
  encodedTransaction,
  type Transaction,
  transactionCodec,
  transactionId,
} from '../../src/messages/transaction.ts';
import * as plain from './plain-encoder.ts';
import { epoch, ids, transactions } from './samples.ts';

const oracle: Codec<Transaction> = P.validate(
  P.struct({
    epoch: digest<Epoch>(),
    client: bytesMax(64, 'client'),
    nonce: u53(),
    expires: u53<Height>(),
    dependencies: optional(sortedBytes(bytesMax(512, 'dependency'), 1024, 'dependencies')),
    body: bytesMax(1 << 20, 'body'),
    signature: optional(fixedBytes(64)),
  }) as unknown as Codec<Transaction>,
  (one) => {
    if (one.client.length === 0 || (one.signature && one.client.length !== 32)) throw new Error('client');
    return one;
  },
);

const read = (bytes: Uint8Array): Transaction | undefined => {
  try {
    return oracle.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Holds the reader to the oracle. @returns whether the bytes are a transaction. */
function probe(bytes: Uint8Array): boolean {
  const expected = read(bytes);
  const result = decodeTransaction(bytes);
  expect(result.ok).toBe(expected !== undefined);
  if (!result.ok || !expected) return false;
  expect(result.value.transaction).toEqual(expected);
  expect(result.value.id).toBe(plain.transactionId(expected));
  expect(result.value.id).toBe(transactionId(expected));
  expect(equalBytes(oracle.encode(expected), bytes)).toBe(true);
  return true;
}

const short = fc.uint8Array({ maxLength: 6 });
const arbitrary: fc.Arbitrary<Transaction> = fc.record({
  epoch: fc.constantFrom(epoch, ids[0]! as string as Epoch, ids[1]! as string as Epoch),
  client: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  nonce: fc.maxSafeNat(),
  expires: fc.maxSafeNat().map((value) => value as Height),
  dependencies: fc.option(
    fc.uniqueArray(short, { selector: plain.hex }).map((list) => list.sort(Buffer.compare)),
    { nil: undefined },
  ),
  body: short,
  signature: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 }), { nil: undefined }),
});

describe('a transaction', () => {
  it('is read as its fields say, and hashed where it stands', () => {
    fc.assert(
      fc.property(arbitrary, (one) => {
        const { raw, id, transaction } = encodedTransaction(one);
        expect(transaction).toBe(one);
        expect(equalBytes(raw, oracle.encode(one))).toBe(true);
        expect(id).toBe(plain.transactionId(one));
        expect(probe(raw)).toBe(true);
      }),
    );
  });

  it('has one encoding: bytes that are not it are refused as the oracle refuses them', () => {
    const some = fc.constantFrom(...Object.values(transactions).map((one) => transactionCodec.encode(one)));
    const change = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }), cut: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(
        fc.oneof(
          some,
          arbitrary.map((one) => oracle.encode(one)),
        ),
        fc.array(change, { maxLength: 3 }),
        (bytes, changes) => {
          let changed: Uint8Array = bytes.slice();
          for (const { at, value, cut } of changes) {
            changed[at % changed.length] = value;
            if (cut === 0) changed = changed.subarray(0, at % changed.length);
            if (cut === 1) changed = Uint8Array.of(...changed, value);
            if (changed.length === 0) break;
          }
          probe(changed);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('every byte matters: each flipped bit is another transaction, or none', () => {
    for (const one of Object.values(transactions)) {
      const bytes = transactionCodec.encode(one);
      for (let at = 0; at < bytes.length; at++)
        for (let bit = 0; bit < 8; bit++) {
          const changed = bytes.slice();
          changed[at]! ^= 1 << bit;
          probe(changed);
        }
    }
  });

  it.each<readonly [string, (one: Transaction) => Uint8Array, RegExp]>([
    [
      'a client too long',
      (one) => oversized(one, { client: new Uint8Array(65) }),
      /client: client has 65 bytes, at most 64/,
    ],
    [
      'a client that is empty',
      (one) => oversized(one, { client: new Uint8Array(0) }),
      /client: client is empty/,
    ],
    [
      'a signature without a key',
      (one) => oversized(one, { client: utf8('c'), signature: new Uint8Array(64) }),
      /client: a signed/,
    ],
    [
      'dependencies out of order',
      (one) => oversized(one, { dependencies: ['b', 'a'].map(utf8) }),
      /dependencies: .*ascending/,
    ],
    [
      'a dependency twice',
      (one) => oversized(one, { dependencies: ['a', 'a'].map(utf8) }),
      /dependencies: .*ascending/,
    ],
    [
      'a dependency too long',
      (one) => oversized(one, { dependencies: [new Uint8Array(513)] }),
      /dependencies: dependency has 513/,
    ],
  ])('%s: one line that names the field', (_, bytes, reason) => {
    const refused = decodeTransaction(bytes(transactions.several!));
    expect(refused.ok ? '' : refused.error.message).toMatch(reason);
    expect(refused.ok ? '' : refused.error.message).toMatch(/^transaction: /);
  });
});

/** The bytes of a transaction that no codec of ours would write. */
const oversized = (one: Transaction, change: Partial<Transaction>): Uint8Array =>
  plain.transaction({ ...one, ...change });
