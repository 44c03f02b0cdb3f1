import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { createSimulatedProvider, simulatedName } from '../../src/crypto/fast-scheme.ts';
import { providerSuite } from './provider-suite.ts';

providerSuite('simulated', createSimulatedProvider(), {
  runs: 200,
  identity: new Uint8Array(32),
  signsTwice: true,
});

const seed = new Uint8Array(32).fill(1);

describe('the simulated scheme', () => {
  it('says what it is', () => {
    expect(createSimulatedProvider().name).toBe('simulated');
    expect(simulatedName).toBe('simulated');
  });

  it('knows only the keys that it made', () => {
    const { publicKey, secretKey } = createSimulatedProvider().keyFromSeed(seed);
    const other = createSimulatedProvider();
    expect(() => other.scheme([publicKey])).toThrow(/signer 0: was not made by this simulation/);
    expect(other.verifyPossession(publicKey, new Uint8Array(32))).toBe(false);
    other.signer(secretKey);
    expect(other.scheme([publicKey]).size).toBe(1);
  });

  it('gives the same bytes in every process (frozen)', () => {
    const provider = createSimulatedProvider();
    const { secretKey, publicKey } = provider.keyFromSeed(seed);
    const signature = provider.signer(secretKey).sign(utf8('message'));
    expect([secretKey, publicKey, signature].map(toHex)).toMatchInlineSnapshot(`
      [
        "b056f49af020d688d5abad628cced7ccc5e5a9403bb380c7f40ef160799014c3",
        "28337468795bd7162e76b8483204121c3dc003b93f850de3404146e87afe0201",
        "2b5fc3d7ff6b1a0e1615f3798212742a4a9aac81b9c9a78e191427454dd94325",
      ]
    `);
  });

  it('adds signatures up as integers modulo 2^256', () => {
    const provider = createSimulatedProvider();
    const keys = Array.from({ length: 40 }, (_, i) => provider.keyFromSeed(new Uint8Array(32).fill(i)));
    const parts = keys.map(({ secretKey }) => provider.signer(secretKey).sign(utf8('sum')));
    const value = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
    const sum = parts.reduce((total, part) => total + value(part), 0n) % 2n ** 256n;
    const scheme = provider.scheme(keys.map(({ publicKey }) => publicKey));
    expect(value(scheme.aggregate(parts))).toBe(sum);
    const less = (sum - value(parts[7]!) + 2n ** 256n) % 2n ** 256n;
    expect(value(scheme.subtract(scheme.aggregate(parts), parts[7]!))).toBe(less);
    const signers = keys.map((_, i) => i);
    expect(scheme.verify([{ signers, message: utf8('sum') }], scheme.aggregate(parts))).toBe(true);
  });

  it('answers the same after it has forgotten messages', () => {
    const provider = createSimulatedProvider();
    const { secretKey, publicKey } = provider.keyFromSeed(seed);
    const scheme = provider.scheme([publicKey]);
    const signer = provider.signer(secretKey);
    const first = signer.sign(utf8('message 0'));
    for (let i = 1; i < 5000; i++) signer.sign(utf8(`message ${i}`));
    expect(scheme.verify([{ signers: [0], message: utf8('message 0') }], first)).toBe(true);
    expect(signer.sign(utf8('message 0'))).toEqual(first);
  });
});
