import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../src/base/bytes.ts';
import type { Epoch, Height } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { base64, base64Pattern, fromBase64 } from '../../src/messages/base64.ts';
import {
  decodeSubmitJson,
  decodeTransactionJson,
  encodeTransactionJson,
  type TransactionJson,
} from '../../src/messages/http.ts';
import { neverExpires, type Transaction, transactionId } from '../../src/messages/transaction.ts';

const epoch = 'ab'.repeat(32) as Epoch;
const anyBytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

const anyTransaction: fc.Arbitrary<Transaction> = fc.record({
  epoch: fc.constant(epoch),
  client: anyBytes(1, 64),
  nonce: fc.maxSafeNat(),
  expires: fc.oneof(fc.maxSafeNat(), fc.constant(neverExpires)).map((one) => one as Height),
  dependencies: fc.option(
    fc
      .uniqueArray(anyBytes(0, 20), { selector: (one) => Buffer.from(one).toString('hex'), maxLength: 5 })
      .map((list) => list.sort(compareBytes)),
    { nil: undefined },
  ),
  body: anyBytes(0, 100),
  signature: fc.constant(undefined),
});
const plain: TransactionJson = encodeTransactionJson(must0());
function must0(): Transaction {
  return {
    epoch,
    client: new Uint8Array(32),
    nonce: 1,
    expires: neverExpires,
    dependencies: undefined,
    body: new Uint8Array(3),
    signature: new Uint8Array(64),
  };
}
const messageOf = (value: unknown): string => {
  const result = decodeTransactionJson(value, epoch);
  return result.ok ? 'ok' : `${result.error.code}: ${result.error.message}`;
};

describe('base64', () => {
  it('is that of Node, both ways, and has one text for each value', () => {
    fc.assert(
      fc.property(anyBytes(0, 200), (bytes) => {
        const text = base64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(base64Pattern.test(text)).toBe(true);
        expect(fromBase64(text)).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.base64String(), (noise, good) => {
        for (const text of [noise, good, good + noise, `${good}=`])
          expect(base64Pattern.test(text)).toBe(Buffer.from(text, 'base64').toString('base64') === text);
      }),
    );
    for (const text of ['QQ', 'QR==', 'QUJ=', 'Q===', 'QQ==QQ==', 'QUI=\n'])
      expect(base64Pattern.test(text)).toBe(false);
  });

  it('takes the largest body', () => {
    const bytes = new Uint8Array(1 << 20).fill(0xa5);
    const text = base64(bytes);
    expect(base64Pattern.test(text)).toBe(true);
    expect(fromBase64(text)).toEqual(bytes);
  });
});

describe('the JSON form of a transaction', () => {
  it('comes back as it was, with its id', () => {
    fc.assert(
      fc.property(anyTransaction, (transaction) => {
        const json = JSON.parse(JSON.stringify(encodeTransactionJson(transaction)));
        const decoded = must(decodeTransactionJson(json, epoch));
        expect(decoded.transaction).toEqual(transaction);
        expect(decoded.id).toBe(transactionId(transaction));
      }),
    );
  });

  it('takes dependencies as a set, in any order', () => {
    const of = (...texts: string[]) =>
      must(
        decodeTransactionJson(
          { ...plain, dependencies: texts.map((one) => Buffer.from(one).toString('base64')) },
          epoch,
        ),
      ).id;
    expect(of('b', 'a', 'b')).toBe(of('a', 'b'));
    expect(of('a')).not.toBe(of('a', 'b'));
  });

  it('says which field is wrong', () => {
    expect(messageOf(plain)).toBe('ok');
    expect(messageOf({ ...plain, nonce: -1 })).toMatch(/^REQUEST_MALFORMED: nonce: /);
    expect(messageOf({ ...plain, nonce: 2 ** 53 })).toMatch(/nonce: /);
    expect(messageOf({ ...plain, expires: '1' })).toMatch(/expires: /);
    expect(messageOf({ ...plain, client: '' })).toMatch(/client: expected 1 to 64 bytes as lower-case hex/);
    expect(messageOf({ ...plain, client: 'AB' })).toMatch(/client: /);
    expect(messageOf({ ...plain, client: 'ab' })).toMatch(/^CLIENT_KEY: /);
    expect(messageOf({ ...plain, body: 'QR==' })).toMatch(/body: expected base64/);
    expect(messageOf({ ...plain, dependencies: ['QQ==', '?'] })).toMatch(/dependencies\[1\]: /);
    expect(messageOf({ ...plain, dependencies: [base64(new Uint8Array(513))] })).toMatch(
      /^DEPENDENCY_SIZE: /,
    );
    expect(messageOf({ ...plain, body: base64(new Uint8Array((1 << 20) + 1)) })).toMatch(/^BODY_SIZE: /);
    expect(messageOf({ ...plain, signature: '00' })).toMatch(/signature: expected 64 bytes/);
    expect(messageOf({ ...plain, epoch: 'cd'.repeat(32) })).toMatch(/^EPOCH: /);
    expect(messageOf({ ...plain, extra: 1 })).toMatch(/^REQUEST_MALFORMED: /);
    const { nonce: _, ...rest } = plain;
    expect(messageOf(rest)).toMatch(/nonce: /);
  });

  it('comes alone or in a list', () => {
    expect(must(decodeSubmitJson(plain, epoch))).toMatchObject({ single: true, transactions: [{}] });
    const list = { transactions: [plain, { ...plain, nonce: 2 }] };
    expect(must(decodeSubmitJson(list, epoch))).toMatchObject({ single: false, transactions: [{}, {}] });
    const refusal = (transactions: unknown[]): string => {
      const result = decodeSubmitJson({ transactions }, epoch);
      return result.ok ? 'ok' : result.error.message;
    };
    expect(refusal([])).toMatch(/^transactions: /);
    expect(refusal(Array(257).fill(plain))).toMatch(/^transactions: /);
    expect(refusal([plain, { ...plain, nonce: 'x' }])).toMatch(/^transactions\[1\]\.nonce: /);
    expect(refusal([plain, { ...plain, client: 'ab' }])).toMatch(/^transactions\[1\]: a signed/);
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ transactions: fc.anything() })), (value) => {
        expect(decodeSubmitJson(value, epoch).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(plain)), fc.anything(), (key, value) => {
        const result = decodeSubmitJson({ ...plain, [key]: value }, epoch);
        if (!result.ok) expect(result.error.message).toMatch(/^[^\n]+$/);
      }),
    );
  });
});
