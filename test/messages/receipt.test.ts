import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { must } from '../../src/base/result.ts';
import { decodeReceiptJson, encodeReceiptJson, type Receipt } from '../../src/messages/receipt.ts';
import { makeOrderReceipt, makeScoreReceipt } from '../verify/make-receipts.ts';
import { TestChain, World } from '../verify/support.ts';

const world = new World(4, 1, 1);
const chain = new TestChain(world);
const first = world.batch(0, 1, ['a']);
const known = { batch: first, certificate: world.unanimous(first) };
chain.commit([known]);
const second = world.batch(1, 1, ['b', 'c']);
const third = world.batch(0, 2, ['d', 'e'], [first]);
const listing = { batch: second, certificate: world.unanimous(second, { before: [first] }) };
const scored = makeScoreReceipt(
  {
    batch: third,
    certificate: world.unanimous(third, { before: [second] }),
    index: 1,
    verdict: 'executed',
  },
  { ahead: new Map([[second.id, listing]]), placeProof: (id) => chain.proofs.settled(id) },
  world.quorum,
)!;
const ordered = makeOrderReceipt({ ...known, index: 0 }, chain.proofs.of(first.id)!, 4)!;
const both: [string, Receipt][] = [
  ['score', scored],
  ['order', ordered],
];
const text = (receipt: Receipt): string => JSON.stringify(encodeReceiptJson(receipt, 4));

describe('the JSON form of a receipt', () => {
  it.each(both)('by %s comes back as it was', (_, receipt) => {
    const decoded = must(decodeReceiptJson(JSON.parse(text(receipt)), 4));
    expect(decoded).toEqual(receipt);
    expect(text(decoded)).toBe(text(receipt));
  });

  it('shares what a memo has seen, and nothing else', () => {
    const parts = new Map<string, object>();
    const [one, two] = [1, 2].map(() => must(decodeReceiptJson(JSON.parse(text(scored)), 4, parts)));
    expect(one!.certificate).toBe(two!.certificate);
    expect(one!.batch).toBe(two!.batch);
    const apart = must(decodeReceiptJson(JSON.parse(text(scored)), 4));
    expect(apart.certificate).not.toBe(one!.certificate);
    const bad = { ...JSON.parse(text(scored)), certificate: '00' };
    for (let i = 0; i < 2; i++) expect(decodeReceiptJson(bad, 4, parts).ok).toBe(false);
  });

  it.each(both)('by %s refuses unknown and missing fields, everywhere', (_, receipt) => {
    const json = JSON.parse(text(receipt));
    const objects: Record<string, unknown>[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Array.isArray(value)) objects.push(value as Record<string, unknown>);
      Object.values(value).forEach(visit);
    };
    visit(json);
    expect(objects.length).toBeGreaterThan(3);
    for (const object of objects) {
      object.extra = 1;
      expect(decodeReceiptJson(json, 4).ok).toBe(false);
      delete object.extra;
      for (const key of Object.keys(object)) {
        const value = object[key];
        delete object[key];
        expect(decodeReceiptJson(json, 4).ok, key).toBe(false);
        object[key] = value;
      }
    }
    expect(decodeReceiptJson(json, 4).ok).toBe(true);
  });

  it('refuses a duplicate by score, an idle chain, a missing chain, and a place that the proof denies', () => {
    const code = (change: object, receipt: Receipt = scored): string => {
      const result = decodeReceiptJson({ ...JSON.parse(text(receipt)), ...change }, 4);
      return result.ok ? 'ok' : `${result.error.code}: ${result.error.message}`;
    };
    const { chains } = JSON.parse(text(ordered));
    expect(code({ verdict: 'duplicate' })).toMatch(/^RECEIPT_MALFORMED: verdict: /);
    expect(code({ verdict: 'duplicate' }, ordered)).toBe('ok');
    expect(code({ chains: [...chains, ...chains] })).toMatch(/^RECEIPT_CHAIN: a chain is used by no proof/);
    expect(code({ chains: [] })).toMatch(/^RECEIPT_CHAIN: there is no chain 0/);
    expect(code({ place: { ingress: 0, number: 3, index: 1 } })).toBe(
      'RECEIPT_PLACE: place.number is 3, the proof says 2',
    );
    const place = { ...JSON.parse(text(ordered)).place, height: 2 };
    expect(code({ place }, ordered)).toBe('RECEIPT_PLACE: place.height is 2, the proof says 1');
    expect(code({ version: 2 })).toMatch(/^RECEIPT_MALFORMED: version: /);
  });

  it('bounds every list and text', () => {
    const json = JSON.parse(text(scored));
    const ancestor = json.ancestors[0];
    for (const change of [
      { ancestors: Array(65).fill(ancestor) },
      { path: Array(65).fill('00'.repeat(32)) },
      { chains: Array(66).fill(json.chains[0]) },
      { certificate: 'é' },
      { header: '0'.repeat((2 << 20) + 2) },
    ])
      expect(decodeReceiptJson({ ...json, ...change }, 4).ok).toBe(false);
  });

  it('survives anything', () => {
    const json = JSON.parse(text(scored));
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(decodeReceiptJson(value, 4).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(json)),
        fc.oneof(
          fc.anything(),
          fc.string(),
          fc.json().map((one) => JSON.parse(one)),
        ),
        (key, value) => {
          const result = decodeReceiptJson({ ...json, [key]: value }, 4);
          if (!result.ok) expect(result.error.message).toMatch(/^[^\n]+$/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survives damage to the bytes inside', () => {
    const json = JSON.parse(text(ordered));
    fc.assert(
      fc.property(
        fc.constantFrom('header', 'certificate', 'block', 'qc'),
        fc.uint8Array({ maxLength: 80 }),
        fc.nat(),
        (where, bytes, at) => {
          const cut = (hex: string): string => {
            const from = (at % (hex.length / 2)) * 2;
            return (
              hex.slice(0, from) + Buffer.from(bytes).toString('hex') + hex.slice(from + 2 * bytes.length)
            );
          };
          const [only] = json.chains;
          const damaged =
            where === 'block'
              ? { ...json, chains: [{ ...only, blocks: [cut(only.blocks[0]), only.blocks[1]] }] }
              : where === 'qc'
                ? { ...json, chains: [{ ...only, qc: cut(only.qc) }] }
                : { ...json, [where]: cut(json[where]) };
          expect(() => decodeReceiptJson(damaged, 4)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });
});
