/** One connection of the submission stream against the real book of transactions, on a socket of the test's. */

import { describe, expect, it, vi } from 'vitest';
import type { Wait } from '../../src/messages/http.ts';
import { encodeSubmit, submitOutstandingMax } from '../../src/messages/submission.ts';
import { encodedTransaction } from '../../src/messages/transaction.ts';
import { turns } from './stage.ts';
import { make, numbered, provenBy, stage, world } from './submit-stage.ts';

describe('a connection', () => {
  it('gets one proof for its transactions of a batch, and others get theirs', async () => {
    const at = stage();
    const [one, two] = [at.connect(), at.connect()];
    const list = Array.from({ length: 21 }, (_, i) => make(`t${i}`));
    const mine = list.filter((_, i) => i % 3 !== 1);
    const theirs = list.filter((_, i) => i % 3 === 1);
    one.send(100, 'score', mine);
    two.send(5, 'score', theirs);
    expect(at.taken).toEqual([...mine, ...theirs].map(({ id }) => id));
    const batch = world.batch(
      0,
      1,
      list.map(({ transaction }) => transaction),
    );
    at.accept(batch);
    expect((await one.answers()).proofs).toEqual([]);
    at.deliver(batch);
    const [first, second] = [await one.answers(), await two.answers()];
    expect(provenBy(first, numbered(mine, 100))).toEqual(mine.map((_, i) => 100 + i));
    expect(provenBy(second, numbered(theirs, 5))).toEqual(theirs.map((_, i) => 5 + i));
    expect([first.proofs.length, second.proofs.length]).toEqual([1, 1]);
    expect([at.transactions.waiting, at.admission.open, one.session.outstanding]).toEqual([0, 0, 0]);
  });

  it('keeps no decoded transactions of a batch that has arrived', () => {
    const batch = world.batch(0, 1, [make('t').transaction]);
    const before = batch.transactions;
    stage().accept(batch);
    expect(batch.transactions).not.toBe(before);
    expect(batch.transactions).toEqual(before);
  });

  it('is told of each level what it asked for', async () => {
    const at = stage();
    const { send, answers } = at.connect();
    const [a, b, c] = [make('a'), make('b'), make('c')];
    send(0, 'accepted', [a]);
    send(1, 'score', [b]);
    send(2, 'order', [c]);
    const batch = world.batch(
      0,
      1,
      [a, b, c].map(({ transaction }) => transaction),
    );
    at.accept(batch);
    expect(await answers()).toMatchObject({ accepted: [0], proofs: [] });
    const delivery = at.deliver(batch);
    expect(await answers()).toMatchObject({
      accepted: [],
      proofs: [{ tickets: [1], proof: { finality: 'score' } }],
    });
    expect(at.admission.lingering).toBe(1);
    at.commit(delivery);
    const last = await answers();
    expect(last.proofs[0]!.proof.finality).toBe('order');
    expect(provenBy(last, new Map([[2, c]]))).toEqual([2]);
    expect(at.admission.lingering).toBe(0);
  });

  it('gets by order what no score proves', async () => {
    const at = stage();
    at.unprovable();
    const { send, answers } = at.connect();
    const [a, b] = [make('a'), make('b')];
    send(0, 'score', [a]);
    send(1, 'accepted', [b]);
    const batch = world.batch(
      0,
      1,
      [a, b].map(({ transaction }) => transaction),
    );
    const delivery = at.deliver(batch);
    expect(await answers()).toMatchObject({ accepted: [1], proofs: [] });
    at.commit(delivery);
    expect(provenBy(await answers(), new Map([[0, a]]))).toEqual([0]);
    const other = world.batch(1, 1, [make('c').transaction]);
    send(2, 'score', [make('c')]);
    at.commit(at.deliver(other, 'order'));
    expect(provenBy(await answers(), new Map([[2, make('c')]]))).toEqual([2]);
  });

  it('takes nothing twice: what is under way, final or ordered is answered as it stands', async () => {
    const at = stage();
    const [one, two] = [at.connect(), at.connect()];
    const [a, b] = [make('a'), make('b')];
    one.send(0, 'score', [a, a]);
    two.send(0, 'accepted', [a]);
    expect(at.taken).toEqual([a.id]);
    const batch = world.batch(
      0,
      1,
      [b, a].map(({ transaction }) => transaction),
    );
    at.accept(batch);
    expect((await two.answers()).accepted).toEqual([0]);
    two.send(1, 'accepted', [a]);
    expect((await two.answers()).accepted).toEqual([1]);
    const delivery = at.deliver(batch);
    expect((await one.answers()).proofs.map(({ tickets }) => tickets.length)).toEqual([1, 1]);
    two.send(2, 'score', [a, b, a]);
    expect(
      provenBy(
        await two.answers(),
        new Map([
          [2, a],
          [3, b],
          [4, a],
        ]),
      ),
    ).toEqual([2, 3, 4]);
    at.commit(delivery);
    two.send(5, 'order', [b, a]);
    const ordered = await two.answers();
    expect(
      provenBy(
        ordered,
        new Map([
          [5, b],
          [6, a],
        ]),
      ),
    ).toEqual([5, 6]);
    expect(at.taken).toEqual([a.id]);
  });

  it('waits for the publication of what the engine knows already', async () => {
    const at = stage();
    const { send, answers } = at.connect();
    const a = make('a');
    at.seen.add(a.id);
    send(0, 'score', [a]);
    expect([(await answers()).proofs, at.taken]).toEqual([[], []]);
    at.deliver(world.batch(1, 1, [a.transaction]));
    expect(provenBy(await answers(), new Map([[0, a]]))).toEqual([0]);
  });

  it('is told when the time is up, and what the signer knows', async () => {
    const at = stage();
    const { send, answers } = at.connect();
    const [a, b] = [make('a'), make('b')];
    send(0, 'score', [a, b], 100);
    at.accept(world.batch(0, 1, [a.transaction]));
    await new Promise((resolve) => setTimeout(resolve, 180));
    expect(await answers()).toMatchObject({
      open: [0],
      errors: [{ tickets: [1], error: { code: 'TIMEOUT' } }],
    });
    send(2, 'score', [a], 60_000);
    at.transactions.close();
    send(3, 'score', [b], 60_000);
    expect(await answers()).toMatchObject({
      open: [2],
      errors: [{ tickets: [3], error: { code: 'STOPPING' } }],
    });
  });

  it('is told of every transaction by itself what is wrong with it', async () => {
    const at = stage({ queueBytesMax: 1e6, outstandingPerClientMax: 2 });
    const { send, answers } = at.connect();
    const foreign = encodedTransaction({ ...world.transaction('x'), epoch: 'ab'.repeat(32) as never });
    const forged = encodedTransaction({
      ...world.transaction('y'),
      client: new Uint8Array(32).fill(9),
      signature: new Uint8Array(64),
    });
    send(0, 'score', [make('a'), foreign, make('b'), forged, make('c'), make('d', 'other')]);
    const { errors } = await answers();
    expect(errors.map(({ tickets, error }) => [tickets, error.code, error.outcome])).toEqual([
      [[1], 'EPOCH', 'rejected'],
      [[3], 'CLIENT_SIGNATURE', 'rejected'],
      [[4], 'OVERLOADED', 'rejected'],
    ]);
    expect(at.taken).toHaveLength(3);
    expect(at.admission.find(make('c').id)).toBeUndefined();
  });

  it('leaves nothing behind when it goes', () => {
    const at = stage();
    const { send, session } = at.connect();
    send(0, 'order', [make('a'), make('b')]);
    expect(at.transactions.waiting).toBe(2);
    session.close();
    expect([at.transactions.waiting, at.admission.open]).toEqual([0, 2]);
  });
});

describe('a connection that goes too far', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['another type', Uint8Array.of(9, ...new Array(20).fill(0))],
    [
      'a level that there is not',
      encodeSubmit({ first: 0, wait: 'later' as Wait, timeoutMs: 0 }, [make('a')]),
    ],
    ['a long wait', encodeSubmit({ first: 0, wait: 'score', timeoutMs: 61_000 }, [make('a')])],
    ['no transactions', encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, [])],
    ['too many', encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, Array(513).fill(make('a')))],
    [
      'a piece of a transaction',
      encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, [make('a')]).slice(0, -1),
    ],
    [
      'more than it says',
      Uint8Array.of(...encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, [make('a')]), 0),
    ],
  ])('with %s is ended, and nothing is taken', (_, bytes) => {
    const at = stage();
    const { session, socket } = at.connect();
    session.message(bytes);
    expect(socket.ended).toMatch(/^1008 [A-Z_]+: /);
    expect([at.taken, at.transactions.waiting]).toEqual([[], 0]);
    session.message(encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, [make('a')]));
    expect(at.taken).toEqual([]);
  });

  it('with more tickets than it may have is ended', async () => {
    const at = stage();
    const { send, socket, session } = at.connect();
    const list = Array.from({ length: 512 }, (_, i) => make(`t${i}`));
    for (let i = 0; i < submitOutstandingMax; i += 512) {
      send(i, 'order', list);
      await turns(1);
    }
    expect([session.outstanding, socket.ended]).toEqual([submitOutstandingMax, undefined]);
    send(submitOutstandingMax, 'order', [list[0]!]);
    await turns(2);
    expect(socket.ended).toMatch(/^1008 more than 8192/);
    expect(at.transactions.waiting).toBe(0);
  });

  it('with its answers unread is not read from, and then dropped', async () => {
    const at = stage();
    const { send, socket, answers } = at.connect();
    socket.bufferedAmount = 2 << 20;
    const accepted = (name: string) => {
      send(0, 'accepted', [make(name)]);
      at.accept(world.batch(0, 1, [make(name).transaction]));
    };
    accepted('a');
    expect((await answers()).accepted).toEqual([0]);
    expect(socket.reading).toBe(false);
    socket.bufferedAmount = 0;
    socket.leave();
    expect(socket.reading).toBe(true);
    socket.bufferedAmount = 40 << 20;
    accepted('b');
    await turns(1);
    expect([socket.ended, socket.sent]).toEqual(['dropped', []]);
  });

  it('with more than its share waits its turn, while others are served', async () => {
    const at = stage();
    const [greedy, modest] = [at.connect(), at.connect()];
    const flood = Array.from({ length: 10 }, (_, i) =>
      Array.from({ length: 512 }, (_, j) => make(`flood ${i} ${j}`)),
    );
    for (const [i, list] of flood.entries()) greedy.send(i * 512, 'score', list);
    modest.send(0, 'score', [make('modest')]);
    expect(at.taken).toHaveLength(513);
    expect(at.taken).toContain(make('modest').id);
    expect(greedy.socket.reading).toBe(false);
    for (let turn = 2; turn <= 10; turn++) {
      await turns(1);
      modest.send(turn, 'score', [make(`modest ${turn}`)]);
      expect(at.taken).toContain(make(`modest ${turn}`).id);
      expect(at.taken.length).toBeLessThanOrEqual(512 * turn + turn);
    }
    expect(at.taken).toHaveLength(5130);
    expect(greedy.socket.reading).toBe(true);
  });

  it('fails alone when the signer is at fault', async () => {
    const at = stage();
    const { send, socket } = at.connect();
    const error = new Error('a bug');
    vi.spyOn(at.transactions, 'receive').mockImplementationOnce(() => {
      throw error;
    });
    send(0, 'score', [make('a')]);
    expect(socket.failures).toEqual([error]);
    expect(at.taken).toEqual([]);
  });
});
