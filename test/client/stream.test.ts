/** What only streams have: how they begin and end, what flows on them, and how a signer may lie over one. */

import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { connect } from '../../src/client/client.ts';
import { SubmitStream } from '../../src/client/submit-stream.ts';
import { encodeAnswers, type ProofAnswer } from '../../src/messages/answers.ts';
import { placeOfReceipt } from '../../src/messages/receipt.ts';
import { submitOutstandingMax } from '../../src/messages/submission.ts';
import { hashesFor } from '../../src/verify/batch-members.ts';
import { proveByScore } from '../../src/verify/receipt-make.ts';
import { FakeSigner, later } from './fake-signer.ts';
import { errorOf, useHarness, world } from './harness.ts';

const at = useHarness(true);

describe('a stream', () => {
  it('is one connection, whatever is submitted', async () => {
    const client = at.open({ signers: [at.signers[0]!.url] });
    for (let i = 0; i < 5; i++) await Promise.all([client.submit('a').final, client.submit('b').ordered]);
    expect(at.signers[0]!.streams).toBe(1);
  });

  it('is replaced by requests where it cannot be opened', async () => {
    const plain = await new FakeSigner(at.federation, 0, false).start();
    at.signers.push(plain);
    const client = at.open({ signers: [plain.url] });
    expect((await client.submit('x').final).finality).toBe('score');
    await client.submit('y').final;
    expect(plain.calls).toHaveLength(2);
    const refusing = connect({
      federation: world.verifier,
      signers: [plain.url],
      webSocket: () => {
        throw new Error('not allowed');
      },
    });
    at.clients.push(refusing);
    await refusing.submit('z').final;
    const without = connect({ federation: world.verifier, signers: [plain.url] });
    at.clients.push(without);
    await without.submit('z').final;
  });

  it('is replaced by requests when nobody answers the upgrade', async () => {
    const mute = await new FakeSigner(at.federation, 0, false).start();
    at.signers.push(mute);
    mute.muteUpgrades();
    const client = at.open({ signers: [mute.url], stallMs: 50 });
    expect((await client.submit('x').final).finality).toBe('score');
  });

  it('that ends while it carries nothing is opened again, and its signer is not passed over', async () => {
    const client = at.open({ route: at.signers[1]!.url });
    await client.submit('x').final;
    at.signers[1]!.hangUp();
    await later(20);
    await client.submit('y').final;
    expect(at.signers[1]!.streams).toBe(2);
    expect(at.calls.map((call) => call.signer)).toEqual([1, 1]);
  });

  it('shares one proof among the transactions of a batch, each with its own receipt', async () => {
    const client = at.open({ signers: [at.signers[0]!.url] });
    at.signers[0]!.proveAs = (tickets, ids) => wholeBatch(at.signers[0]!, tickets, ids);
    const sent = Array.from({ length: 37 }, (_, i) => client.submit(`t${i}`));
    const receipts = await Promise.all(sent.map((tx) => tx.final));
    expect(receipts.map((one) => placeOfReceipt(one).index)).toEqual(receipts.map((_, i) => i));
    expect(new Set(receipts.map((one) => one.certificate)).size).toBe(1);
    const json = JSON.parse(JSON.stringify(receipts.map((one) => client.receiptJson(one))));
    for (const [i, one] of json.entries()) expect(one.transaction).toBe(sent[i]!.id);
  });
});

/** One proof for all transactions of a call, which are one batch. */
function wholeBatch(signer: FakeSigner, tickets: readonly number[], ids: readonly string[]): ProofAnswer {
  const placed = signer.federation.placed.get(ids[0] as never)!;
  const verdicts = placed.batch.transactions.map(() => 'executed' as const);
  const nothing = { ahead: new Map(), placeProof: () => undefined };
  const { proof } = proveByScore({ ...placed, verdicts }, nothing, world.quorum)!;
  const indices = ids.map((_, i) => i);
  return { proof, tickets, indices, hashes: hashesFor(placed.batch, indices) };
}

describe('a signer that lies', () => {
  const lies: [string, (good: ProofAnswer, other: ProofAnswer) => ProofAnswer | Uint8Array][] = [
    ['with the proof of another batch', (good, other) => ({ ...good, proof: other.proof })],
    [
      'with a certificate of another batch',
      (good, other) => ({ ...good, proof: { ...good.proof, certificate: other.proof.certificate } }),
    ],
    ['with a wrong leaf', (good) => ({ ...good, indices: good.indices.map((_, i) => i + 1) })],
    ['with places that change', (good) => ({ ...good, tickets: [...good.tickets].reverse() })],
    ['with a place that there is not', (good) => ({ ...good, indices: [0, 1, 9] })],
    ['with a place twice', (good) => ({ ...good, indices: [0, 1, 1] })],
    ['with hashes too many', (good) => ({ ...good, hashes: [new Uint8Array(32)] })],
    [
      'with a signature of nobody',
      (good) => ({
        ...good,
        proof: { ...good.proof, batch: { ...good.proof.batch, signature: new Uint8Array(64) } },
      }),
    ],
    ['with a ticket of nobody', (good) => ({ ...good, tickets: [7000, 7001, 7002] })],
    ['with a ticket twice', (good) => ({ ...good, tickets: good.tickets.map(() => good.tickets[0]!) })],
    [
      'with an answer twice',
      ({ tickets }) => {
        const open = [tickets[0]!, tickets[0]!];
        return encodeAnswers({ accepted: [], open, errors: [], proofs: [] }, 4);
      },
    ],
    ['with noise', () => Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256)],
    ['with nothing', () => new Uint8Array(0)],
  ];

  it.each(lies)('%s is left for another one, and nothing is reached by it', async (_, lie) => {
    const bad = at.signers[0]!;
    at.federation.place(1, [at.federation.transaction('other'), at.federation.transaction('two')]);
    bad.proveAs = (tickets, ids) => {
      const [id] = [...at.federation.placed.keys()];
      return lie(wholeBatch(bad, tickets, ids), wholeBatch(bad, [], [id!]));
    };
    const client = at.open({ route: bad.url });
    const verified: string[] = [];
    const sent = ['x', 'y', 'z'].map((body) => client.submit(body));
    for (const tx of sent) void tx.final.then(() => verified.push(tx.id));
    const receipts = await Promise.all(sent.map((tx) => tx.final));
    expect(receipts.map((one) => one.transaction)).toEqual(sent.map((tx) => tx.id));
    expect(new Set(at.calls.map((call) => call.signer))).toEqual(new Set([0, 1]));
    expect(verified).toHaveLength(3);
    // Asked once, and then left alone.
    expect(bad.calls).toHaveLength(1);
    const alone = at.open({ signers: [bad.url] });
    const open = ['u', 'v', 'w'].map((body) => alone.submit(body, { timeoutMs: 100 }).final);
    const error = (await Promise.all(open.map(errorOf)))[2]!;
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    expect(error.message).toMatch(/not valid|malformed|another transaction/);
  });
});

/** A WebSocket of which the test holds the other end. */
class FakeSocket {
  binaryType = '';
  bufferedAmount = 0;
  readonly sent: Uint8Array[] = [];
  closed = false;
  readonly #listeners = new Map<string, (event: never) => void>();
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }
  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }
  close(): void {
    this.closed = true;
  }
  emit(type: string, event: unknown = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
}

describe('what flows', () => {
  it('is bounded: tickets without an answer, and bytes in the socket', async () => {
    const socket = new FakeSocket();
    let opened = 0;
    const client = connect({
      federation: world.verifier,
      signers: ['http://127.0.0.1:1'],
      webSocket: () => {
        opened += 1;
        return socket as unknown as WebSocket;
      },
    });
    at.clients.push(client);
    const sent = Array.from({ length: submitOutstandingMax + 10 }, (_, i) => client.submit(`${i}`));
    await vi.waitFor(() => expect(opened).toBe(1));
    expect(socket.sent).toHaveLength(0);
    socket.emit('open');
    await vi.waitFor(() => expect(socket.sent).toHaveLength(16));
    const answers = { accepted: [0, 1, 2], open: [], errors: [], proofs: [] };
    const bytes = encodeAnswers(answers, 4);
    socket.bufferedAmount = 1 << 30;
    socket.emit('message', { data: bytes.buffer });
    await Promise.all(sent.slice(0, 3).map((tx) => tx.accepted));
    await later(20);
    expect(socket.sent).toHaveLength(16);
    socket.bufferedAmount = 0;
    await vi.waitFor(() => expect(socket.sent).toHaveLength(17));
    client.close();
    expect(socket.closed).toBe(true);
    await expect(sent[5]!.accepted).rejects.toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
    // It never left, so nobody has it.
    await expect(sent.at(-1)!.accepted).rejects.toMatchObject({ code: 'CLOSED', outcome: 'rejected' });
  });

  it('ends a stream that is idle, and one that owes an answer', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const ends: unknown[] = [];
    const owner = { ready: () => {}, ended: (...args: unknown[]) => ends.push(args) };
    const options = { receipts: undefined as never, owner: owner as never, stallMs: 3000 };
    const idle = new FakeSocket();
    new SubmitStream({ ...options, socket: idle as never });
    idle.emit('open');
    vi.advanceTimersByTime(25_000);
    expect(ends).toEqual([[[], undefined, true]]);
    const owing = new FakeSocket();
    const stream = new SubmitStream({ ...options, socket: owing as never });
    owing.emit('open');
    const job = { raw: new Uint8Array(3) };
    stream.send([job as never], 'score', 1000, performance.now());
    vi.advanceTimersByTime(3900);
    expect(ends).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(ends[1]).toEqual([[job], 'no answer in time', true]);
    expect(job).toMatchObject({ sent: true });
    vi.useRealTimers();
  });
});
