import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { type Epoch, signerId } from '../../src/base/ids.ts';
import { accept, must, type Result, refuse } from '../../src/base/result.ts';
import { Handshake, handshakeBytes, transportVersion } from '../../src/transport/handshake.ts';
import { HandshakeState } from '../../src/transport/noise.ts';
import { generateKeyPair, type KeyPair } from '../../src/transport/x25519.ts';

const epoch = toHex(randomBytes(32)) as Epoch;
const none = new Uint8Array(0);
const [alice, bob, mallory] = [generateKeyPair(), generateKeyPair(), generateKeyPair()];

const initiator = (keys: KeyPair = alice, options: { epoch?: Epoch; dialled?: KeyPair } = {}) =>
  new Handshake({
    role: 'initiator',
    staticKeys: keys,
    epoch: options.epoch ?? epoch,
    dialled: { id: signerId(2), transportKey: (options.dialled ?? bob).publicKey },
  });
const responder = (keys: KeyPair = bob, own: Epoch = epoch) =>
  new Handshake({
    role: 'responder',
    staticKeys: keys,
    epoch: own,
    identify: (key) =>
      toHex(key) === toHex(alice.publicKey) ? accept(signerId(1)) : refuse('UNLISTED_KEY', 'not listed'),
  });
const code = (result: Result<unknown>) => (result.ok ? 'accepted' : result.error.code);

test('both sides know each other and hold the same keys; sizes are as stated', () => {
  const [a, b] = [initiator(), responder()];
  const first = must(a.start());
  const second = must(b.receive(first)).reply!;
  const { reply: third, session: ours } = must(a.receive(second));
  const { session: theirs, reply } = must(b.receive(third!));
  expect([first, second, third!].map((message) => message.length)).toEqual([...handshakeBytes]);
  expect(reply).toBeUndefined();
  expect([ours!.peer, theirs!.peer]).toEqual([2, 1]);
  expect(toHex(ours!.handshakeHash)).toBe(toHex(theirs!.handshakeHash));
  const text = randomBytes(50);
  expect(must(theirs!.receive.decryptWithAd(none, ours!.send.encryptWithAd(none, text)))).toEqual(text);
  expect(must(ours!.receive.decryptWithAd(none, theirs!.send.encryptWithAd(none, text)))).toEqual(text);
});

test('the prologue is the name, the version and the epoch', () => {
  const prologue = Buffer.concat([
    Buffer.from('musig-paxos/transport'),
    Buffer.of(0, 1),
    Buffer.from(epoch, 'hex'),
  ]);
  const raw = new HandshakeState({ initiator: false, prologue, staticKeys: bob });
  const a = initiator();
  expect(toHex(must(raw.readMessage(must(a.start()))))).toBe(`0001${epoch}`);
  expect(code(a.receive(must(raw.writeMessage(none))))).toBe('accepted');
});

describe('is refused', () => {
  test('an initiator whose key is not listed', () => {
    const [a, b] = [initiator(mallory), responder()];
    const { reply } = must(a.receive(must(b.receive(must(a.start()))).reply!));
    expect(code(b.receive(reply!))).toBe('UNLISTED_KEY');
  });

  test('a responder that is not the signer dialled, before our identity leaves', () => {
    const [a, b] = [initiator(), responder(mallory)];
    expect(code(a.receive(must(b.receive(must(a.start()))).reply!))).toBe('WRONG_PEER');
  });

  test('another epoch', () => {
    const other = toHex(randomBytes(32)) as Epoch;
    expect(code(responder().receive(must(initiator(alice, { epoch: other }).start())))).toBe(
      'EPOCH_MISMATCH',
    );
  });

  test('an epoch that was altered on the way, although it then matches', () => {
    const [a, b] = [initiator(), responder(bob, toHex(randomBytes(32)) as Epoch)];
    const first = must(a.start());
    // A man in the middle rewrites the hello to what the responder wants to see.
    const other = responder(bob, toHex(first.subarray(34, 66)) as Epoch);
    expect(code(b.receive(first))).toBe('EPOCH_MISMATCH');
    const rewritten = Uint8Array.from(first);
    rewritten[40]! ^= 1;
    expect(code(other.receive(rewritten))).toBe('EPOCH_MISMATCH');
    const accomplice = responder(bob, toHex(rewritten.subarray(34, 66)) as Epoch);
    const { reply } = must(accomplice.receive(rewritten));
    expect(code(a.receive(reply!))).toBe('NOISE_TAG');
  });

  test('another version, also when its first message is longer', () => {
    const first = must(initiator().start());
    for (const extra of [0, 100]) {
      const later = Buffer.concat([first, Buffer.alloc(extra)]);
      later.writeUInt16BE(transportVersion + 1, 32);
      expect(code(responder().receive(later))).toBe('VERSION_MISMATCH');
    }
    expect(code(responder().receive(Buffer.concat([first, Buffer.alloc(1)])))).toBe('HANDSHAKE_LENGTH');
    expect(code(responder().receive(Buffer.alloc(1025)))).toBe('HANDSHAKE_LENGTH');
  });

  test('our own message, sent back to us', () => {
    const a = initiator();
    expect(code(a.receive(must(a.start())))).toBe('HANDSHAKE_LENGTH');
  });

  test('every message with any bit flipped, or cut short', () => {
    for (let step = 0; step < 3; step++) {
      const run = (alter: (message: Uint8Array) => Uint8Array): boolean => {
        const [a, b] = [initiator(), responder()];
        const messages = [must(a.start())];
        if (step === 0) messages[0] = alter(messages[0]!);
        const one = b.receive(messages[0]!);
        if (!one.ok) return false;
        const two = a.receive(step === 1 ? alter(one.value.reply!) : one.value.reply!);
        if (!two.ok) return false;
        return b.receive(step === 2 ? alter(two.value.reply!) : two.value.reply!).ok;
      };
      expect(run((message) => message)).toBe(true);
      const size = handshakeBytes[step]!;
      for (let byte = 0; byte < size; byte += 3) {
        // The highest bit of an x25519 key is ignored by the curve, but not by the handshake hash.
        const flipped = run((message) =>
          Uint8Array.from(message, (old, i) => (i === byte ? old ^ 0x80 : old)),
        );
        expect(flipped, `message ${step + 1}, byte ${byte}`).toBe(false);
        expect(run((message) => message.subarray(0, byte))).toBe(false);
      }
    }
  });
});

test('random messages at any step are refused and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(responder().receive(bytes).ok).toBe(false);
      const a = initiator();
      must(a.start());
      expect(a.receive(bytes).ok).toBe(false);
      const b = responder();
      must(b.receive(must(initiator().start())));
      expect(b.receive(bytes).ok).toBe(false);
    }),
    { numRuns: 60 },
  );
});
