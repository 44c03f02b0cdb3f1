/** The small parts of the daemon: admission, waits, readiness, the inbox's bounds, the outbox's split. */

import { describe, expect, it } from 'vitest';
import { type Height, signerId, type TransactionId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { frameBytesMax, frameMessagesMax } from '../../src/messages/limits.ts';
import { decodeFrame, encodeFrame, encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';
import { Admission } from '../../src/signer/admission.ts';
import { Inbox } from '../../src/signer/inbox.ts';
import { Outbox } from '../../src/signer/outbox.ts';
import { Readiness } from '../../src/signer/status.ts';
import { Waiters } from '../../src/signer/waiters.ts';

const id = (text: string) => text as TransactionId;
const candidate = (text: string, client = 'c', size = 100) => ({ id: id(text), client, size });

describe('admission', () => {
  it('takes all or nothing, within the bytes of the queue', () => {
    const admission = new Admission({ queueBytesMax: 250, outstandingPerClientMax: 10 });
    expect(admission.admit([candidate('a'), candidate('b')]).ok).toBe(true);
    expect(admission.admit([candidate('c', 'd', 20), candidate('e', 'd', 40)])).toMatchObject({
      ok: false,
      error: { code: 'OVERLOADED' },
    });
    expect(admission.stage(id('c'))).toBeUndefined();
    expect(admission.queuedBytes).toBe(200);
    admission.accepted([id('a'), id('a'), id('unknown')]);
    expect(admission.queuedBytes).toBe(100);
    expect(admission.stage(id('a'))).toBe('accepted');
    expect(admission.stage(id('b'))).toBe('queued');
    expect(admission.admit([candidate('c', 'd', 20), candidate('e', 'd', 40)]).ok).toBe(true);
  });

  it('bounds what one client has open until it is final, and leaves others alone', () => {
    const admission = new Admission({ queueBytesMax: 1e6, outstandingPerClientMax: 2 });
    expect(admission.admit([candidate('a'), candidate('b'), candidate('c')]).ok).toBe(false);
    expect(admission.open).toBe(0);
    expect(admission.admit([candidate('a'), candidate('b')]).ok).toBe(true);
    admission.accepted([id('a'), id('b')]);
    expect(admission.admit([candidate('c')]).ok).toBe(false);
    expect(admission.admit([candidate('x', 'other')]).ok).toBe(true);
    admission.final([id('a'), id('a')]);
    expect(admission.admit([candidate('c')]).ok).toBe(true);
    expect(admission.admit([candidate('d')]).ok).toBe(false);
  });

  it('frees what another signer brought to its end before it left the queue here', () => {
    const admission = new Admission({ queueBytesMax: 150, outstandingPerClientMax: 1 });
    expect(admission.admit([candidate('a')]).ok).toBe(true);
    admission.final([id('a')]);
    admission.accepted([id('a')]);
    expect(admission.queuedBytes).toBe(0);
    expect(admission.admit([candidate('b')]).ok).toBe(true);
  });

  it('counts what own batches held at the start as accepted', () => {
    const admission = new Admission({ queueBytesMax: 10, outstandingPerClientMax: 1 });
    admission.restore([candidate('a'), candidate('a')]);
    expect(admission.stage(id('a'))).toBe('accepted');
    expect(admission.queuedBytes).toBe(0);
    expect(admission.admit([candidate('b', 'c', 1)]).ok).toBe(false);
  });
});

describe('waiters', () => {
  const forever = new AbortController().signal;

  it('answer a level and those below it, once, and make an answer only when somebody waits', async () => {
    const waiters = new Waiters(10);
    let made = 0;
    const make = () => {
      made += 1;
      return {};
    };
    waiters.answer(id('a'), 'order', make);
    expect(made).toBe(0);
    const accepted = waiters.wait([id('a')], 'accepted', 1000, forever);
    const score = waiters.wait([id('a'), id('b')], 'score', 30, forever);
    const order = waiters.wait([id('a')], 'order', 30, forever);
    expect(waiters.size).toBe(4);
    waiters.answer(id('a'), 'score', () => undefined);
    expect(waiters.size).toBe(4);
    waiters.answer(id('a'), 'score', make);
    expect(waiters.size).toBe(2);
    expect(made).toBe(1);
    expect([...(await accepted).keys()]).toEqual(['a']);
    expect([...(await score).keys()]).toEqual(['a']);
    expect([...(await order).keys()]).toEqual([]);
    expect(waiters.size).toBe(0);
  });

  it('leave nothing behind when a client goes away, or the signer stops', async () => {
    const waiters = new Waiters(10);
    const controller = new AbortController();
    const first = waiters.wait([id('a'), id('b')], 'score', 60_000, controller.signal);
    const second = waiters.wait([id('a')], 'order', 60_000, forever);
    controller.abort();
    expect((await first).size).toBe(0);
    expect(waiters.size).toBe(1);
    waiters.close();
    expect((await second).size).toBe(0);
    expect(waiters.size).toBe(0);
    expect((await waiters.wait([id('a')], 'score', 60_000, controller.signal)).size).toBe(0);
    expect(waiters.size).toBe(0);
  });

  it('have a bound', () => {
    const waiters = new Waiters(2);
    void waiters.wait([id('a'), id('b')], 'score', 10, forever);
    expect(waiters.hasRoom(0)).toBe(true);
    expect(waiters.hasRoom(1)).toBe(false);
  });
});

describe('readiness', () => {
  it('needs q - 1 connections once, and a height that f + 1 others do not exceed by much', () => {
    const readiness = new Readiness(must(quorumOf(4, 1, 1)));
    const at = (height: number) => readiness.why(height as Height);
    readiness.connected(signerId(1));
    readiness.connected(signerId(1));
    expect(at(0)).toMatch(/connected to 1 signers so far, 2 are needed/);
    readiness.connected(signerId(3));
    expect(at(0)).toBeUndefined();
    // One signer may say what it likes.
    readiness.claimed(signerId(2), 1000 as Height);
    expect(at(0)).toBeUndefined();
    readiness.claimed(signerId(3), 50 as Height);
    expect(at(20)).toMatch(/at height 20, others are at 50/);
    expect(at(47)).toBeUndefined();
  });
});

const message = (from: number): PeerMessage => ({ type: 'catchUp', from: from as Height });

describe('inbox', () => {
  const frame = (...values: number[]) =>
    encodeFrame(values.map((value) => encodePeerMessage(message(value), 4)));
  const drain = (inbox: Inbox): number[] => {
    const values: number[] = [];
    while (inbox.pending) {
      const next = inbox.next();
      if (next?.message.type === 'catchUp') values.push(next.message.from);
    }
    return values;
  };

  it('drops the oldest frames of a peer that floods, of that peer alone', () => {
    const refused: string[] = [];
    const one = frame(1).length + 64;
    const inbox = new Inbox(4, (from, { code }) => refused.push(`${from} ${code}`), 3 * one);
    inbox.push(signerId(2), frame(100));
    for (let i = 1; i <= 5; i++) inbox.push(signerId(1), frame(i));
    expect(drain(inbox)).toEqual([100, 3, 4, 5]);
    expect(refused).toEqual(['1 INBOX_FULL', '1 INBOX_FULL']);
    inbox.push(signerId(1), new Uint8Array(10 * one));
    expect(drain(inbox)).toEqual([]);
    inbox.push(signerId(1), frame(6));
    expect(drain(inbox)).toEqual([6]);
  });
});

describe('outbox', () => {
  it('begins a second frame only where the first has no room', () => {
    const frames: { to: number; sizes: number[] }[] = [];
    const outbox = new Outbox(4, (to, bytes) => {
      expect(bytes.length).toBeLessThanOrEqual(frameBytesMax);
      frames.push({ to, sizes: must(decodeFrame(bytes)).map((one) => one.length) });
    });
    const proposal = (bytes: number): PeerMessage => ({
      type: 'blockVotes',
      view: 1 as never,
      block: 'ab'.repeat(32) as never,
      signers: [signerId(1)],
      signature: new Uint8Array(bytes),
    });
    const batch = (bytes: number): PeerMessage => ({
      type: 'announce',
      root: signerId(0),
      attempt: 0 as never,
      batch: { bytes: new Uint8Array(bytes) } as never,
    });
    outbox.add(signerId(1), proposal(96));
    outbox.add(signerId(1), batch(20 << 20));
    outbox.add(signerId(1), batch(13 << 20));
    outbox.add(signerId(2), proposal(96));
    outbox.flush();
    outbox.flush();
    for (let i = 0; i <= frameMessagesMax; i++) outbox.add(signerId(3), proposal(8));
    outbox.flush();
    expect(frames.map(({ to, sizes }) => [to, sizes.length])).toEqual([
      [1, 2],
      [1, 1],
      [2, 1],
      [3, frameMessagesMax],
      [3, 1],
    ]);
  });
});
