import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantViolation } from '../../src/base/assert.ts';
import { toHex } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import { CipherState, HandshakeState, type TransportKeys } from '../../src/transport/noise.ts';
import {
  agree,
  generateKeyPair,
  generateTransportKeys,
  type KeyPair,
  keyPairFrom,
} from '../../src/transport/x25519.ts';
import { otherCiphers, otherImplementation } from './noise-handshake-sha256.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const none = new Uint8Array(0);

/** From the published vectors of the cacophony project; early revisions of that file have another hash. */
const vector = {
  prologue: '4a6f686e2047616c74',
  initiatorStatic: 'e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1',
  initiatorEphemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
  responderStatic: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
  responderEphemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
  handshakeHash: 'c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e',
  messages: [
    [
      '4c756477696720766f6e204d69736573',
      'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573',
    ],
    [
      '4d757272617920526f746862617264',
      '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f8814c7194e83f23dbd8d162c9326ad',
    ],
    [
      '462e20412e20486179656b',
      'c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f58c9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030',
    ],
    ['4361726c204d656e676572', '96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df'],
    [
      '4a65616e2d426170746973746520536179',
      '3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5',
    ],
    [
      '457567656e2042f6686d20766f6e2042617765726b',
      'eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f',
    ],
  ],
} as const;

const side = (initiator: boolean, prologue: Uint8Array, staticKeys: KeyPair, ephemeral?: KeyPair) =>
  new HandshakeState({ initiator, prologue, staticKeys, ...(ephemeral && { ephemeral: () => ephemeral }) });

function finished(noncesMax = 1000): [TransportKeys, TransportKeys] {
  const options = { prologue: none, noncesMax };
  const a = new HandshakeState({ ...options, initiator: true, staticKeys: generateKeyPair() });
  const b = new HandshakeState({ ...options, initiator: false, staticKeys: generateKeyPair() });
  must(b.readMessage(must(a.writeMessage(none))));
  must(a.readMessage(must(b.writeMessage(none))));
  must(b.readMessage(must(a.writeMessage(none))));
  return [a.split(), b.split()];
}

test('the published vector: both sides, byte for byte', () => {
  const initiator = side(
    true,
    hex(vector.prologue),
    keyPairFrom(hex(vector.initiatorStatic)),
    keyPairFrom(hex(vector.initiatorEphemeral)),
  );
  const responder = side(
    false,
    hex(vector.prologue),
    keyPairFrom(hex(vector.responderStatic)),
    keyPairFrom(hex(vector.responderEphemeral)),
  );
  vector.messages.slice(0, 3).forEach(([payload, message], i) => {
    const [writer, reader] = i % 2 === 0 ? [initiator, responder] : [responder, initiator];
    expect(toHex(must(writer.writeMessage(hex(payload))))).toBe(message);
    expect(toHex(must(reader.readMessage(hex(message))))).toBe(payload);
  });
  const [a, b] = [initiator.split(), responder.split()];
  expect(toHex(a.handshakeHash)).toBe(vector.handshakeHash);
  expect(toHex(b.handshakeHash)).toBe(vector.handshakeHash);
  // The vector goes on to alternate: the responder writes number 3.
  vector.messages.slice(3).forEach(([payload, message], i) => {
    const [writer, reader] = i % 2 === 0 ? [b, a] : [a, b];
    expect(toHex(writer.send.encryptWithAd(none, hex(payload)))).toBe(message);
    expect(toHex(must(reader.receive.decryptWithAd(none, hex(message))))).toBe(payload);
  });
});

describe('against the package noise-handshake', () => {
  test.each([true, false])('we are the initiator: %s', (initiator) => {
    const ours = generateTransportKeys();
    const theirs = generateTransportKeys();
    const prologue = randomBytes(40);
    const a = side(initiator, prologue, keyPairFrom(ours.secretKey));
    const b = otherImplementation(
      !initiator,
      { publicKey: Buffer.from(theirs.publicKey), secretKey: Buffer.from(theirs.secretKey) },
      prologue,
    );
    for (let i = 0; i < 3; i++) {
      const payload = randomBytes(i * 7);
      if ((i % 2 === 0) === initiator)
        expect(b.recv(Buffer.from(must(a.writeMessage(payload))))).toEqual(payload);
      else expect(must(a.readMessage(b.send(payload)))).toEqual(payload);
    }
    const keys = a.split();
    expect(b.complete).toBe(true);
    expect(toHex(keys.handshakeHash)).toBe(toHex(b.hash));
    expect(toHex(keys.remoteStatic)).toBe(toHex(theirs.publicKey));
    expect(toHex(b.rs)).toBe(toHex(ours.publicKey));
    const other = otherCiphers(b);
    // Beyond 256 messages, so that the byte order of the nonce matters.
    for (let i = 0; i < 300; i++) {
      const text = randomBytes(i);
      expect(other.receive.decrypt(Buffer.from(keys.send.encryptWithAd(none, text)))).toEqual(text);
      expect(must(keys.receive.decryptWithAd(none, other.send.encrypt(text)))).toEqual(text);
    }
  });

  test('another prologue does not get through', () => {
    const keys = generateTransportKeys();
    const b = otherImplementation(
      false,
      { publicKey: Buffer.from(keys.publicKey), secretKey: Buffer.from(keys.secretKey) },
      Buffer.from('one'),
    );
    const a = side(true, Buffer.from('two'), generateKeyPair());
    b.recv(Buffer.from(must(a.writeMessage(none))));
    expect(a.readMessage(b.send())).toMatchObject({ ok: false, error: { code: 'NOISE_TAG' } });
  });
});

describe('x25519', () => {
  /** Points of small order (RFC 7748 and the list of Bernstein): 0, 1, two of order 8, p-1, p, p+1. */
  const weak = [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ];
  test.each(weak)('refuses %s', (point) => {
    expect(agree(generateKeyPair(), hex(point))).toMatchObject({ ok: false, error: { code: 'KEY_WEAK' } });
  });

  test('a handshake refuses a weak ephemeral key, and cannot go on', () => {
    const b = side(false, none, generateKeyPair());
    must(b.readMessage(hex(weak[0]!)));
    expect(b.writeMessage(none)).toMatchObject({ ok: false, error: { code: 'KEY_WEAK' } });
    expect(() => b.writeMessage(none)).toThrow(InvariantViolation);
  });

  test('both sides agree; wrong lengths are refused', () => {
    const alice = generateKeyPair();
    const bob = generateKeyPair();
    expect(must(agree(alice, bob.publicKey))).toEqual(must(agree(bob, alice.publicKey)));
    expect(agree(alice, new Uint8Array(31))).toMatchObject({ ok: false, error: { code: 'KEY_LENGTH' } });
    expect(() => keyPairFrom(new Uint8Array(33))).toThrow('33 bytes');
  });
});

describe('cipher', () => {
  test('refuses beyond its last nonce, in both directions', () => {
    const [a, b] = finished(3);
    const sent = [0, 1, 2].map((i) => a.send.encryptWithAd(none, Uint8Array.of(i)));
    expect(new Set(sent.map(toHex)).size).toBe(3);
    expect(a.send.exhausted).toBe(true);
    expect(() => a.send.encryptWithAd(none, none)).toThrow(InvariantViolation);
    for (const message of sent) must(b.receive.decryptWithAd(none, message));
    expect(b.receive.decryptWithAd(none, sent[0]!)).toMatchObject({ error: { code: 'NOISE_EXHAUSTED' } });
  });

  test('equal plaintexts never give equal ciphertexts', () => {
    const cipher = new CipherState(randomBytes(32));
    const seen = new Set(Array.from({ length: 600 }, () => toHex(cipher.encryptWithAd(none, none))));
    expect(seen.size).toBe(600);
  });

  test('a repeated, reordered, altered or truncated message is refused, and the next one still read', () => {
    const [a, b] = finished();
    const [first, second] = [0, 1].map((i) => a.send.encryptWithAd(none, Uint8Array.of(i, 9, 9)));
    expect(b.receive.decryptWithAd(none, second!).ok).toBe(false);
    for (let bit = 0; bit < first!.length * 8; bit++) {
      const altered = Uint8Array.from(first!);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(b.receive.decryptWithAd(none, altered).ok).toBe(false);
    }
    for (let length = 0; length < first!.length; length++)
      expect(b.receive.decryptWithAd(none, first!.subarray(0, length)).ok).toBe(false);
    expect(must(b.receive.decryptWithAd(none, first!))).toEqual(Buffer.of(0, 9, 9));
    expect(b.receive.decryptWithAd(none, first!).ok).toBe(false);
    expect(must(b.receive.decryptWithAd(none, second!))).toEqual(Buffer.of(1, 9, 9));
  });
});

test('messages out of turn break the invariant', () => {
  expect(() => side(true, none, generateKeyPair()).readMessage(new Uint8Array(32))).toThrow(
    InvariantViolation,
  );
  expect(() => side(false, none, generateKeyPair()).writeMessage(none)).toThrow(InvariantViolation);
  expect(() => side(true, none, generateKeyPair()).split()).toThrow(InvariantViolation);
});

test('the reader of handshake messages refuses random and altered bytes, never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const b = side(false, none, generateKeyPair());
      const read = b.readMessage(bytes);
      expect(read.ok).toBe(bytes.length >= 32);
      const a = side(true, none, generateKeyPair());
      must(a.writeMessage(none));
      expect(a.readMessage(bytes).ok).toBe(false);
    }),
    { numRuns: 100 },
  );
});
