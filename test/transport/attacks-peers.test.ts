/**
 * Peers that lie: signer 0 authenticates to signer 1's WebSocket transport and then breaks the rules. That
 * ends its connection, and nothing that came with the broken message or after it is delivered.
 */

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { chunkBytesMax } from '../../src/transport/chunks.ts';
import type { Session } from '../../src/transport/handshake.ts';
import { type Attacker, Scene } from './attacker.ts';
import { numbered, pause, until } from './harness.ts';

const zero = signerId(0);
const none = new Uint8Array(0);

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(() => scene.close());

describe('peers that lie', () => {
  test('a flipped bit ends the connection, and nothing of the message is delivered', async () => {
    for (const bit of [0, 77, 8 * 20 - 1]) {
      const { attacker, session } = await scene.authenticated();
      const message = session.send.encryptWithAd(none, Buffer.from([1, 0, 1, 65]));
      const altered = Uint8Array.from(message);
      altered[(bit >> 3) % altered.length]! ^= 1 << (bit & 7);
      attacker.ws.send(altered);
      expect(await attacker.end()).toBe('4000 NOISE_TAG');
      await until('down', () => !scene.victim.connected(zero));
    }
    expect(scene.heard.frames).toEqual([]);
    expect(scene.victim.stats().violations).toBe(3);
    await scene.expectUnharmed();
  });

  test('a repeated message ends the connection', async () => {
    const { attacker, session } = await scene.authenticated();
    const message = session.send.encryptWithAd(none, Buffer.concat([Buffer.from([1, 0, 4]), numbered(4242)]));
    attacker.ws.send(message);
    attacker.ws.send(message);
    expect(await attacker.end()).toBe('4000 NOISE_TAG');
    expect(scene.heard.numbers).toEqual([4242]);
  });

  test('a frame beyond the limit is not assembled', async () => {
    await scene.restart({ frameBytesMax: 200_000 });
    const { attacker, session } = await scene.authenticated();
    const piece = Buffer.alloc(chunkBytesMax);
    piece.writeUInt16BE(chunkBytesMax - 3, 1);
    for (let i = 0; i < 10; i++) attacker.ws.send(session.send.encryptWithAd(none, piece));
    expect(await attacker.end()).toBe('4000 FRAME_LONG');
    expect(scene.heard.frames).toEqual([]);
  });

  test.each<[string, string, (attacker: Attacker, session: Session) => void]>([
    ['a message beyond 65535 bytes', '1009 ', (attacker) => attacker.ws.send(randomBytes(65536))],
    ['an empty message', '4000 NOISE_SHORT', (attacker) => attacker.ws.send(none)],
    ['a text message', '4000 WEBSOCKET', (attacker) => attacker.ws.send('text')],
    [
      'a malformed chunk',
      '4000 CHUNK_MALFORMED',
      (attacker, session) =>
        attacker.ws.send(session.send.encryptWithAd(none, Buffer.from([1, 0, 1, 65, 9, 9, 9]))),
    ],
  ])('%s ends the connection', async (_what, end, act) => {
    const { attacker, session } = await scene.authenticated();
    act(attacker, session);
    expect(await attacker.end()).toBe(end);
    await until('down', () => !scene.victim.connected(zero));
    expect(scene.heard.events).toEqual(['up 0', 'down 0']);
    expect(scene.victim.stats().violations).toBe(1);
    await scene.expectUnharmed();
  });

  test('a message of 5 MB ends the connection', async () => {
    const { attacker } = await scene.authenticated();
    attacker.ws.send(randomBytes(5_000_000));
    await attacker.end();
    await until('down', () => !scene.victim.connected(zero));
    expect(scene.victim.stats().bytesIn).toBeLessThan(1000);
    await scene.expectUnharmed();
  });

  test('what follows a bad message is not delivered, though it is valid', async () => {
    const { attacker, session } = await scene.authenticated();
    const valid = session.send.encryptWithAd(none, Buffer.concat([Buffer.from([1, 0, 4]), numbered(1)]));
    attacker.ws.send(randomBytes(40));
    attacker.ws.send(valid);
    expect(await attacker.end()).toBe('4000 NOISE_TAG');
    expect(scene.heard.frames).toEqual([]);
  });

  test('a peer that stops reading costs no more than its queue', async () => {
    const { attacker } = await scene.authenticated();
    attacker.ws.pause();
    for (let i = 0; i < 200; i++) {
      scene.victim.send(zero, new Uint8Array(1 << 20));
      if (i % 20 === 0) await pause(1);
    }
    const { queuedBytes, framesDropped } = scene.victim.stats();
    expect(queuedBytes).toBeLessThanOrEqual(64 << 20);
    expect(framesDropped).toBeGreaterThan(50);
    attacker.ws.terminate();
    await until('down', () => !scene.victim.connected(zero));
    expect(scene.victim.stats().queuedBytes).toBeLessThanOrEqual(8 << 20);
  });
});
