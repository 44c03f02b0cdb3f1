import { describe, expect, it } from 'vitest';
import type { BatchId } from '../../src/base/ids.ts';
import { decodeReceiptJson, encodeReceiptJson } from '../../src/messages/receipt.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import { makeOrderReceipt } from './make-receipts.ts';

import { check, four, history, type Known, score } from './receipts.ts';
import { TestChain } from './support.ts';

/** Every leaf of a JSON value, as the path to it. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function mutations(value: unknown): unknown[] {
  if (typeof value === 'number') return [value + 1, value - 1, String(value), null];
  if (typeof value === 'boolean') return [!value];
  if (value === null) return ['00'.repeat(64), '00'];
  const text = String(value);
  if (!/^[0-9a-f]{8,}$/.test(text))
    return ['executed', 'rejected', 'duplicate', 'score', 'order', ''].filter((one) => one !== text);
  const flip = (at: number) => text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
  const spots = Array.from({ length: 12 }, (_, i) => Math.floor((i * (text.length - 1)) / 11));
  return [...spots.map(flip), text.slice(2), `${text}00`, text.toUpperCase(), null].filter(
    (one) => one !== text,
  );
}

function replaced(value: unknown, path: readonly (string | number)[], leaf: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<number, unknown>)
    : { ...(value as object) };
  copy[key] = replaced(copy[key], rest, leaf);
  return copy;
}

describe('tampering with any field of a receipt', () => {
  const chain = new TestChain(four);
  const known = history(four, 5);
  chain.commit(known.slice(0, 2), 1);
  const signed = { ...four.transaction('signed'), client: new Uint8Array(32), signature: new Uint8Array(64) };
  const batch = four.batch(0, 9, ['a', signed, 'c'], [known[4]!.batch]);
  const last = {
    batch,
    certificate: four.unanimous(batch, { before: known.slice(0, 4).map((one) => one.batch) }),
  };
  const scored = score(
    four,
    last,
    {
      ahead: new Map<BatchId, Known>(known.slice(2).map((one) => [one.batch.id, one])),
      placeProof: (id) => chain.proofs.settled(id),
    },
    1,
  )!;
  const ordered = makeOrderReceipt({ ...known[1]!, index: 0 }, chain.proofs.of(known[1]!.batch.id)!, 4)!;

  it.each([
    ['score', scored],
    ['order', ordered],
  ])('makes a %s receipt fail', (_, receipt) => {
    expect(check(receipt, four)).toBe('ok');
    const json = JSON.parse(JSON.stringify(encodeReceiptJson(receipt, 4)));
    let tried = 0;
    for (const path of leaves(json)) {
      // It only shapes the path: the leaf itself names its position.
      if (path[path.length - 1] === 'size') continue;
      const leaf = path.reduce((at: unknown, key) => (at as Record<string, unknown>)[key], json);
      for (const mutation of mutations(leaf)) {
        tried += 1;
        const decoded = decodeReceiptJson(replaced(json, path, mutation), 4);
        const result = decoded.ok ? verifyReceipt(decoded.value, four.verifier) : decoded;
        expect(result.ok, `${path.join('.')} -> ${String(mutation).slice(0, 40)}`).toBe(false);
      }
    }
    expect(tried).toBeGreaterThan(200);
  });
});

it('a position that would fit the same path under the same root is not believed', () => {
  const chain = new TestChain(four);
  const known = history(four, 3);
  chain.commit(known);
  const last = known.find((one) => chain.committed.positionOf(one.batch.id) === 2)!;
  const receipt = makeOrderReceipt({ ...last, index: 0 }, chain.proofs.of(last.batch.id)!, 4)!;
  expect(check(receipt, four)).toBe('ok');
  expect([receipt.proof.position, receipt.proof.size, receipt.proof.path.length]).toEqual([2, 3, 1]);
  expect(check({ ...receipt, proof: { ...receipt.proof, position: 1, size: 2 } }, four)).toBe('PLACE_PATH');
});
