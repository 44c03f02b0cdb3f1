import { describe, expect, it } from 'vitest';
import { valueSource } from '../../../bench/load/values.ts';
import { parseOperations } from '../../../src/peer/machine/documents.ts';

describe('values', () => {
  it('have exactly the bytes asked for', () => {
    for (const bytes of [0, 1, 100, 1024])
      expect(valueSource({ bytes, documents: false, seed: 's' })('key')).toHaveLength(bytes);
    for (const bytes of [100, 1024])
      expect(valueSource({ bytes, documents: true, seed: 's' })('key')).toHaveLength(bytes);
  });

  it('for documents are operations that signers accept, on the key', () => {
    const parsed = parseOperations(valueSource({ bytes: 100, documents: true, seed: 's' })('client-0-17'));
    expect(parsed).toMatchObject({ ok: true, value: [{ op: 'create', id: 'client-0-17' }] });
  });
});
