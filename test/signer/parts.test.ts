/** The small parts of the daemon: admission, waits, readiness, the inbox's bounds, the outbox's split. */

import { describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { type Height, signerId, type TransactionId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { Wait } from '../../src/messages/http.ts';
import { frameBytesMax, frameMessagesMax } from '../../src/messages/limits.ts';
import { decodeFrame, encodeFrame, encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';
import { Admission } from '../../src/signer/admission.ts';
import { Inbox } from '../../src/signer/inbox.ts';
import { Outbox } from '../../src/signer/outbox.ts';
import { Readiness } from '../../src/signer/status.ts';
import { WaitGroup, Waits } from '../../src/signer/waiters.ts';
import type { ProvenBatch } from '../../src/verify/receipt-make.ts';

const id = (text: string) => text as TransactionId;
/** Admission by names: what a client has under way. */
function clients(queueBytesMax: number, outstandingPerClientMax: number) {
  const admission = new Admission({ queueBytesMax, outstandingPerClientMax });
  const share = (client: string) => admission.shareOf(utf8(client));
  return {
    admission,
    admit: (name: string, client = 'c', size = 100) => {
      const record = admission.record(id(name));
      const admitted = admission.admit(record, share(client), size);
      admission.release(record);
      return admitted.ok ? 'ok' : admitted.error.code;
    },
    accepted: (name: string) => admission.accepted(admission.record(id(name))),
    final(name: string) {
      const record = admission.record(id(name));
      admission.final(record);
      admission.release(record);
    },
  };
}

describe('admission', () => {
  it('takes what fits in the bytes of the queue', () => {
    const { admission, admit, accepted } = clients(250, 10);
    expect([admit('a'), admit('b'), admit('c', 'd', 60), admit('e', 'd', 50)]).toEqual([
      'ok',
      'ok',
      'OVERLOADED',
      'ok',
    ]);
    expect(admission.find(id('c'))).toBeUndefined();
    expect(admission.queuedBytes).toBe(250);
    accepted('a');
    accepted('a');
    accepted('unknown');
    expect(admission.queuedBytes).toBe(150);
    expect([admission.find(id('a'))!.accepted, admission.find(id('b'))!.accepted]).toEqual([true, false]);
    expect(admit('c', 'd', 60)).toBe('ok');
  });

  it('bounds what one client has open until it is final, and leaves others alone', () => {
    const { admission, admit, accepted, final } = clients(1e6, 2);
    expect([admit('a'), admit('b'), admit('c')]).toEqual(['ok', 'ok', 'OVERLOADED']);
    accepted('a');
    accepted('b');
    expect(admit('c')).toBe('OVERLOADED');
    expect(admit('x', 'other')).toBe('ok');
    final('a');
    final('a');
    expect(admission.open).toBe(2);
    expect([admit('c'), admit('d')]).toEqual(['ok', 'OVERLOADED']);
  });

  it('knows a client again whose transactions were all final meanwhile', () => {
    const { admission } = clients(1e6, 1);
    const share = admission.shareOf(utf8('c'));
    const [a, b] = [admission.record(id('a')), admission.record(id('b'))];
    expect(admission.admit(a, share, 1).ok).toBe(true);
    admission.final(a);
    // A connection that keeps the share must not give its client another one.
    expect(admission.admit(b, admission.shareOf(utf8('c'), share), 1).ok).toBe(true);
    expect(admission.shareOf(utf8('c'))).toBe(share);
    expect(admission.admit(a, admission.shareOf(utf8('c')), 1).ok).toBe(false);
    expect(admission.shareOf(utf8('d'), share)).not.toBe(share);
  });

  it('frees what another signer brought to its end before it left the queue here', () => {
    const { admission, admit, accepted, final } = clients(150, 1);
    expect(admit('a')).toBe('ok');
    final('a');
    accepted('a');
    expect(admission.queuedBytes).toBe(0);
    expect(admit('b')).toBe('ok');
  });

  it('counts what own batches held at the start as accepted', () => {
    const { admission, admit } = clients(10, 1);
    admission.restore(id('a'), utf8('c'), 100);
    admission.restore(id('a'), utf8('c'), 100);
    expect(admission.find(id('a'))!.accepted).toBe(true);
    expect([admission.open, admission.queuedBytes]).toEqual([1, 0]);
    expect(admit('b', 'c', 1)).toBe('OVERLOADED');
  });
});

describe('waits', () => {
  const batch = {} as ProvenBatch;

  function stage(sizeMax = 10) {
    const admission = new Admission({ queueBytesMax: 1e6, outstandingPerClientMax: 10 });
    const waits = new Waits({ admission, sizeMax, reached: (record) => record.accepted });
    const told: string[] = [];
    const owner = (name: string): WaitGroup =>
      new WaitGroup({
        accepted: (ticket) => told.push(`${name}${ticket} accepted`),
        proven: (ticket, _, index) => told.push(`${name}${ticket} at ${index}`),
        late: (ticket, reached) => told.push(`${name}${ticket} late ${reached}`),
      });
    const wait = (group: WaitGroup, ticket: number, level: Wait, name: string, ms = 60_000) =>
      waits.add(group, ticket, level, admission.record(id(name)), performance.now(), ms);
    return { admission, waits, told, owner, wait };
  }

  it('are answered once, at their level or a higher one', () => {
    const { admission, waits, told, owner, wait } = stage();
    const [a, b] = [owner('a'), owner('b')];
    wait(a, 1, 'accepted', 'x');
    wait(a, 2, 'score', 'x');
    wait(b, 1, 'order', 'x');
    wait(b, 2, 'score', 'y');
    const record = admission.find(id('x'))!;
    waits.accepted(record);
    expect(told.splice(0)).toEqual(['a1 accepted']);
    waits.proven(record, 'score', batch, 7);
    waits.proven(record, 'score', batch, 7);
    expect(told.splice(0)).toEqual(['a2 at 7']);
    waits.proven(record, 'order', batch, 7);
    expect(told).toEqual(['b1 at 7']);
    expect([waits.size, admission.find(id('x')), admission.lingering]).toEqual([1, undefined, 1]);
    waits.close();
  });

  it('end when their time is up, the shorter ones first, and leave nothing behind', async () => {
    const { admission, waits, told, owner, wait } = stage();
    const group = owner('a');
    wait(group, 1, 'score', 'x', 90);
    wait(group, 2, 'order', 'x', 10);
    admission.restore(id('y'), utf8('c'), 1);
    wait(group, 3, 'score', 'y', 20);
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told).toEqual(['a2 late false', 'a3 late true', 'a1 late false']);
    expect([waits.size, admission.lingering, admission.open]).toEqual([0, 0, 1]);
  });

  it('go with their owner without a word, and others stay', () => {
    const { admission, waits, told, owner, wait } = stage();
    const [a, b] = [owner('a'), owner('b')];
    for (const name of ['x', 'y']) wait(a, 1, 'score', name);
    wait(b, 1, 'score', 'x');
    wait(a, 2, 'order', 'x');
    waits.end(a);
    waits.end(a);
    expect([waits.size, admission.lingering, told]).toEqual([1, 1, []]);
    waits.close();
    expect(told).toEqual(['b1 late false']);
    expect([waits.size, admission.lingering]).toEqual([0, 0]);
  });

  it('have a bound', () => {
    const { waits, owner, wait } = stage(2);
    wait(owner('a'), 1, 'score', 'x');
    wait(owner('a'), 2, 'score', 'y');
    expect([waits.hasRoom(0), waits.hasRoom(1)]).toEqual([true, false]);
    waits.close();
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
