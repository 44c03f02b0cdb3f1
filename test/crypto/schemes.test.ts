import { describe, expect, it } from 'vitest';
import { aggregateFrom, cheaperScheme, providerOf } from '../../src/crypto/schemes.ts';
import { nobleSchemes } from '../../src/crypto/schemes-noble.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';

describe('schemes', () => {
  it('are the same by name on Node and in browsers', () => {
    expect(nodeSchemes.map(({ name }) => name)).toEqual(['ed25519-list', 'bls12-381']);
    expect(nobleSchemes.map(({ name }) => name)).toEqual(nodeSchemes.map(({ name }) => name));
  });

  it.each(['ed25519-list', 'bls12-381'])('has %s', (name) => {
    for (const schemes of [nodeSchemes, nobleSchemes])
      expect(providerOf(name, schemes)).toMatchObject({ ok: true, value: { name } });
  });

  it('names the known ones to whoever asks for another', () => {
    expect(providerOf('rsa\n', nodeSchemes)).toEqual({
      ok: false,
      error: {
        code: 'SCHEME_UNKNOWN',
        message: 'scheme: expected "ed25519-list" or "bls12-381", found "rsa\\n"',
      },
    });
    expect(providerOf('simulated', nodeSchemes)).toMatchObject({ error: { code: 'SCHEME_SIMULATED' } });
  });

  it('cross at one number of signers', () => {
    expect([1, 4, aggregateFrom - 1].map(cheaperScheme)).toEqual(Array(3).fill('ed25519-list'));
    expect([aggregateFrom, 31, 4096].map(cheaperScheme)).toEqual(Array(3).fill('bls12-381'));
  });
});
