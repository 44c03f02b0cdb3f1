/**
 * Rogue keys (class 9), with the real curve. A liar publishes as its voting key `x * G` less the keys of
 * everybody else. Then the sum of all keys is `x * G`, and its own signature passes for an aggregate of all:
 * it alone makes certificates. A proof of possession defeats it: the liar does not know the secret of that
 * key, and its proof is checked before a federation is accepted (protocol section 10).
 */

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { utf8 } from '../../../src/base/bytes.ts';
import { hashBytes } from '../../../src/base/hash.ts';
import { nobleProvider } from '../../../src/crypto/bls-noble.ts';
import { deriveSignerKeys, publicKeysOf } from '../../../src/crypto/keys.ts';
import type { SchemeProvider } from '../../../src/crypto/scheme.ts';
import { checkFederationKeys } from '../../../src/crypto/verify-federation.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { parameterOf } from '../stage.ts';

const possession = {
  name: 'possession',
  initial: true,
  about: 'proofs of possession are checked; false shows what they are for',
};

const Point = bls12_381.G1.Point;

/** The liar's own key less all the others. */
function rogueKey(own: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const sum = others.reduce((total, key) => total.add(Point.fromBytes(key)), Point.ZERO);
  return Point.fromBytes(own).subtract(sum).toBytes();
}

export const rogueKeys: Attack = {
  name: 'rogue-key',
  group: 9,
  about: 'a voting key made of the others, with which one liar signs for everybody (real BLS)',
  goal: 'a federation with that key is accepted, and a signature of one liar verifies as one of all signers',
  rules: ['engine'],
  parameters: [possession],
  trial(options: AttackOptions): Trial {
    const { seed, signers } = options;
    const checked = parameterOf(options, possession);
    const provider: SchemeProvider = checked
      ? nobleProvider
      : { ...nobleProvider, verifyPossession: () => true };
    const seeds = Array.from({ length: signers }, (_, i) =>
      hashBytes('possession', utf8(`${seed}/rogue/${i}`)),
    );
    const honest = seeds.map((one, i) => ({ name: `s${i}`, ...publicKeysOf(one, nobleProvider) }));
    const liar = honest[0]!;
    const rogue = rogueKey(
      liar.votingKey,
      honest.slice(1).map((one) => one.votingKey),
    );
    // The best it can do for a proof: one by the key that it knows.
    const own = nobleProvider.signer(deriveSignerKeys(seeds[0]!, nobleProvider).votingSecret);
    const keys = [{ ...liar, votingKey: rogue }, ...honest.slice(1)];
    const scheme = checkFederationKeys({ scheme: nobleProvider.name, signers: keys }, provider);
    const message = utf8(`a vote that nobody else cast ${seed}`);
    const everybody = Array.from({ length: signers }, (_, i) => i);
    const forged = scheme.ok && scheme.value.verify([{ signers: everybody, message }], own.sign(message));
    return {
      outcome: forged ? 'succeeded' : 'failed',
      reason: scheme.ok
        ? forged
          ? `one signature passes for one of all ${signers} signers`
          : 'the key was accepted, and the forged aggregate does not verify'
        : `the federation is refused: ${scheme.error.message}`,
      blamed: [],
      liars: [0 as Trial['liars'][number]],
      violated: [],
      figures: { accepted: Number(scheme.ok), forged: Number(forged) },
      traceHash: '',
    };
  },
};
