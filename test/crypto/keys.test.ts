import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nobleProvider } from '../../src/crypto/bls-noble.ts';
import { nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { createSimulatedProvider } from '../../src/crypto/fast-scheme.ts';
import { deriveSignerKeys, publicKeysOf } from '../../src/crypto/keys.ts';

const root = new Uint8Array(32).fill(9);

describe('the keys of a signer', () => {
  it('are frozen', () => {
    const hex = Object.values({
      ...deriveSignerKeys(root, blstProvider),
      ...publicKeysOf(root, blstProvider),
    });
    expect(hex.map(toHex)).toMatchInlineSnapshot(`
      [
        "1b24245f0aab1ba57384ef3f922ea3d269b48cd4522feb486b0798bd74b06b77",
        "fecca845c0cb4dd3fef1d5b5e12df451552e5fd7278a261a94b73538fa1e2a66",
        "c5267c733163143265843eee90b30aaf17fcd6c20063e22b059576d6156d58d6",
        "8384792b61abb70cf57356061398990f4012e0b3236b886d6d2281aa8be9d368975fbca0b10bc4e1975c2e51168b04db",
        "a617dfa03a4ce1c18795fda1d0c854f0956a9f9f2c0dab8ca72de7318227dba70235a1377ea473bf96d7a5961da01a7c15b111c5a06f1ef7b6c5020eb6a1051c3b0a1c99531072922a315bf0d7106f9dc6e422bda4cbf5bbc6669dba0a2c0d80",
        "bce6a9e54d9d80fc9613479be8bc813a86c8307264d65b66f3ddedfb9b30f84a",
        "cffa45d733bba5aebc19b6e95ec99a8116b49fa742c166381c79c0b350a23977",
      ]
    `);
  });

  it('are the same with both BLS providers', () => {
    expect(publicKeysOf(root, nobleProvider)).toEqual(publicKeysOf(root, blstProvider));
    expect(deriveSignerKeys(root, nobleProvider)).toEqual(deriveSignerKeys(root, blstProvider));
  });

  it.each([blstProvider, createSimulatedProvider()])('fit together ($name)', (provider) => {
    const secrets = deriveSignerKeys(root, provider);
    const keys = publicKeysOf(root, provider);
    expect(provider.verifyPossession(keys.votingKey, keys.possessionProof)).toBe(true);
    const signature = provider.signer(secrets.votingSecret).sign(utf8('m'));
    const scheme = provider.scheme([keys.votingKey]);
    expect(scheme.verify([{ signers: [0], message: utf8('m') }], signature)).toBe(true);
    expect(nodeSignerFromSeed(secrets.signingSeed).publicKey).toEqual(keys.signingKey);
  });

  it('differ from each other, and from root to root', () => {
    const all = [root, new Uint8Array(32).fill(10)].flatMap((seed) => [
      ...Object.values(deriveSignerKeys(seed, blstProvider)),
      ...Object.values(publicKeysOf(seed, blstProvider)),
    ]);
    expect(new Set(all.map(toHex)).size).toBe(all.length);
  });

  it('need a root of 32 bytes', () => {
    expect(() => deriveSignerKeys(new Uint8Array(16), blstProvider)).toThrow(/16 bytes, expected 32/);
  });
});
