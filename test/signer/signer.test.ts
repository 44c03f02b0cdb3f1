/** Four real signers on loopback with real keys, sockets and disks: what a client sees over HTTP. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import { nodeSignatures } from '../../src/crypto/ed25519-node.ts';
import { parseFederation } from '../../src/messages/federation-file.ts';
import { decodeReceiptJson, type Receipt } from '../../src/messages/receipt.ts';
import { transactionId } from '../../src/messages/transaction.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import { Verifier } from '../../src/verify/verifier.ts';
import { type Answer, ask, post, TestNet, until } from './harness.ts';

let net: TestNet;
let verifier: Verifier;
beforeAll(async () => {
  net = await TestNet.of({ limits: { checkpointAfterMs: 300, levelTimeoutMs: 1000 } });
  verifier = new Verifier(net.federation, net.home(0).scheme, nodeSignatures);
  await net.startAll();
});
afterAll(() => net.dispose());

const receiptOf = (result: Record<string, unknown>): Receipt => {
  const receipt = must(decodeReceiptJson(result.receipt, 4));
  must(verifyReceipt(receipt, verifier));
  return receipt;
};
const results = (answer: Answer) => answer.body.results as Record<string, unknown>[];

describe('transactions', () => {
  it('are final by score, then by order, with receipts that verify offline', async () => {
    // On a busy machine a vote may be late, and then a transaction is final by order first.
    const first = await Promise.all(
      [1, 1000, 1001, 1002].map((nonce) =>
        post(net.url(0, '/v1/transactions?wait=score'), net.json(nonce).json),
      ),
    );
    expect(first.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(first.map(({ body }) => receiptOf(body).finality)).toContain('score');
    const { id, json } = net.json(1);
    expect(receiptOf(first[0]!.body)).toMatchObject({ transaction: id, verdict: 'executed' });
    const ordered = await post(net.url(0, '/v1/transactions?wait=order'), json);
    expect(receiptOf(ordered.body)).toMatchObject({
      transaction: id,
      verdict: 'executed',
      finality: 'order',
    });
    // Any signer knows it, and sending it elsewhere does not execute it again.
    const elsewhere = await post(net.url(2, '/v1/transactions?wait=order'), json);
    expect(receiptOf(elsewhere.body)).toMatchObject({ finality: 'order' });
    expect(elsewhere.body.receipt).toMatchObject({
      place: (ordered.body.receipt as { place: unknown }).place,
    });
  });

  it('are accepted with 202 when nobody waits, and can be asked for at any signer', async () => {
    const { id, json } = net.json(2);
    const answer = await post(net.url(1, '/v1/transactions'), json);
    expect([answer.status, answer.body]).toEqual([202, { id }]);
    const found = await ask(net.url(3, `/v1/transactions/${id}?wait=score`));
    expect(found.body).toMatchObject({ id, status: 'final' });
    receiptOf(found.body);
    const unknown = await ask(net.url(3, `/v1/transactions/${'ab'.repeat(32)}`));
    expect([unknown.status, unknown.body]).toEqual([200, { id: 'ab'.repeat(32), status: 'unknown' }]);
    const waited = await ask(net.url(3, `/v1/transactions/${'ab'.repeat(32)}?wait=order&timeoutMs=50`));
    expect(waited.body).toMatchObject({ status: 'unknown' });
  });

  it('come in lists, each with its own result, whatever is wrong with one', async () => {
    const good = [3, 4, 5].map((nonce) => net.json(nonce));
    const large = net.json(6, { body: new Uint8Array(net.federation.limits.bodyBytesMax + 1) });
    const forged = net.json(7, { client: new Uint8Array(32).fill(9), signature: new Uint8Array(64) });
    const list = [good[0]!, large, good[1]!, forged, good[2]!, good[0]!];
    const answer = await post(net.url(0, '/v1/transactions?wait=score'), {
      transactions: list.map(({ json }) => json),
    });
    expect(answer.status).toBe(200);
    expect(results(answer).map(({ id }) => id)).toEqual(list.map(({ id }) => id));
    expect(results(answer).map(({ error }) => (error as { code: string } | undefined)?.code)).toEqual([
      undefined,
      'BODY_SIZE',
      undefined,
      'CLIENT_SIGNATURE',
      undefined,
      undefined,
    ]);
    expect(results(answer)[1]!.error).toMatchObject({ retryable: false, outcome: 'rejected' });
    for (const i of [0, 2, 4, 5]) receiptOf(results(answer)[i]!);
    const taken = await post(net.url(0, '/v1/transactions'), {
      transactions: [net.json(8).json, net.json(9).json],
    });
    expect([taken.status, results(taken)]).toEqual([202, [{ id: net.json(8).id }, { id: net.json(9).id }]]);
  });

  it('of one list on one dependency keep the order of the list', async () => {
    const dependencies = [utf8('account')];
    const list = Array.from({ length: 10 }, (_, i) => net.json(100 + i, { dependencies }));
    const answer = await post(net.url(1, '/v1/transactions?wait=order'), {
      transactions: list.map(({ json }) => json),
    });
    const places = results(answer).map(
      ({ receipt }) => (receipt as { place: { position: number; index: number } }).place,
    );
    const ranks = places.map(({ position, index }) => position * 10_000 + index);
    expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
  });

  it('that expired by height are ordered with the verdict `rejected`', async () => {
    await until('a block', async () => Number((await ask(net.url(0, '/v1/status'))).body.height) > 1);
    const { json } = net.json(200, { expires: 0 as never });
    const answer = await post(net.url(0, '/v1/transactions?wait=score'), json);
    expect(receiptOf(answer.body)).toMatchObject({ verdict: 'rejected' });
  });
});

describe('refusals', () => {
  const refusedWith = async (body: unknown, query = ''): Promise<[number, unknown, string]> => {
    const answer = await post(net.url(0, `/v1/transactions${query}`), body);
    expect(answer.body).toMatchObject({ outcome: 'rejected', retryable: false });
    return [answer.status, answer.body.code, String(answer.body.message)];
  };

  it('name what is wrong with a request, in one form', async () => {
    const { json } = net.json(300);
    expect(await refusedWith('{"client": ')).toMatchObject([400, 'REQUEST_MALFORMED', expect.any(String)]);
    expect(await refusedWith('')).toMatchObject([400, 'REQUEST_MALFORMED', expect.any(String)]);
    expect(await refusedWith({ ...json, nonce: 'x' })).toMatchObject([
      400,
      'REQUEST_MALFORMED',
      expect.stringContaining('nonce'),
    ]);
    expect(await refusedWith({ transactions: Array.from({ length: 257 }, () => json) })).toMatchObject([
      400,
      'REQUEST_MALFORMED',
      expect.stringContaining('transactions'),
    ]);
    expect(await refusedWith({ ...json, epoch: 'ab'.repeat(32) })).toMatchObject([
      400,
      'EPOCH',
      expect.any(String),
    ]);
    expect(await refusedWith(json, '?wait=never')).toMatchObject([
      400,
      'REQUEST_MALFORMED',
      expect.stringContaining('wait'),
    ]);
    expect(await refusedWith(`{"a":"${'x'.repeat(5 << 20)}"}`)).toMatchObject([
      413,
      'BODY_TOO_LARGE',
      expect.any(String),
    ]);
    const typed = await ask(net.url(0, '/v1/transactions'), { method: 'POST', body: 'text' });
    expect([typed.status, typed.body.code]).toEqual([415, 'MEDIA_TYPE']);
  });

  it.each([
    ['/v1/nothing', 404, 'NOT_FOUND'],
    ['/v1/transactions/xyz', 400, 'TRANSACTION_ID'],
    ['/v1/blocks/0', 400, 'HEIGHT'],
    ['/v1/blocks/1e3', 400, 'HEIGHT'],
    ['/v1/blocks/99999999', 404, 'NOT_FOUND'],
    ['/v1/stream', 426, 'UPGRADE_REQUIRED'],
    ['/v1/submit', 426, 'UPGRADE_REQUIRED'],
    ['/metrics', 404, 'NOT_FOUND'],
  ])('%s', async (path, status, code) => {
    const answer = await ask(net.url(0, path));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.outcome).toBe('rejected');
  });
});

describe('other resources', () => {
  it('give a block with its certificates and the proof that it is committed', async () => {
    await post(net.url(0, '/v1/transactions?wait=order'), net.json(400).json);
    const { body } = await ask(net.url(2, '/v1/blocks/1'));
    expect(body).toMatchObject({
      height: 1,
      certificates: expect.any(Array),
      qc: expect.stringMatching(/^[0-9a-f]+$/),
    });
    expect((body.order as { position: number }[]).map(({ position }) => position)).toEqual(
      (body.order as unknown[]).map((_, i) => i),
    );
    const other = await ask(net.url(3, '/v1/blocks/1'));
    expect(other.body.digest).toBe(body.digest);
    expect(other.body.order).toEqual(body.order);
  });

  it('give the federation as TOML or JSON, with one epoch', async () => {
    const toml = await ask(net.url(0, '/v1/federation'), { headers: { accept: '*/*' } });
    const json = await ask(net.url(0, '/v1/federation'), { headers: { accept: 'application/json' } });
    expect(toml.headers.get('content-type')).toContain('toml');
    expect(parseFederation(String(toml.body.text))).toEqual({ ok: true, value: net.federation });
    expect(parseFederation(JSON.stringify(json.body))).toEqual({ ok: true, value: net.federation });
  });

  it('say how the signer is, to clients and to the operator', async () => {
    const { body } = await ask(net.url(1, '/v1/status'));
    expect(body).toMatchObject({
      self: 1,
      connected: [0, 2, 3],
      ready: true,
      quorum: { n: 4, f: 1, q: 3, slack: 0 },
      engine: { suspected: [] },
      evidence: 0,
    });
    expect((await ask(net.metricsUrl(1, '/livez'))).status).toBe(200);
    expect((await ask(net.metricsUrl(1, '/readyz'))).body).toEqual({ ready: true });
    const metrics = String((await ask(net.metricsUrl(1, '/metrics'))).body.text);
    for (const name of [
      'musig_paxos_step_seconds_count{input="message"}',
      'musig_paxos_flush_seconds_count',
      'musig_paxos_verify_seconds_count{kind="certificate"}',
      'musig_paxos_messages_received_total{type="announce"}',
      'musig_paxos_delivered_batches_total{finality="score"}',
      'musig_paxos_height ',
      'nodejs_eventloop_lag_seconds',
      'process_resident_memory_bytes',
    ])
      expect(metrics).toContain(name);
  });

  it('describe themselves, and let browsers of any origin in', async () => {
    const { body, headers } = await ask(net.url(0, '/openapi.json'));
    expect(Object.keys(body.paths as object).sort()).toEqual([
      '/v1/blocks/{height}',
      '/v1/federation',
      '/v1/status',
      '/v1/stream',
      '/v1/submit',
      '/v1/transactions',
      '/v1/transactions/{id}',
    ]);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await ask(net.url(0, '/v1/transactions'), {
      method: 'OPTIONS',
      headers: { origin: 'https://example.org', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });
});

describe('admission', () => {
  let tight: TestNet | undefined;
  afterEach(() => tight?.dispose());

  it('refuses with OVERLOADED what does not fit, takes nothing of it, and keeps what it took', async () => {
    tight = await TestNet.of({ admission: { outstandingPerClientMax: 3, queueBytesMax: 65536 } });
    // One signer alone orders nothing: what it takes stays open.
    await tight.start(0);
    const url = tight.url(0, '/v1/transactions');
    const first = await post(url, { transactions: [tight.json(1).json, tight.json(2).json] });
    expect(first.status).toBe(202);
    const second = await post(url, { transactions: [tight.json(3).json, tight.json(4).json] });
    expect([second.status, second.body.code]).toEqual([503, 'OVERLOADED']);
    expect(second.body).toMatchObject({ retryable: true, outcome: 'rejected' });
    expect(second.body.retryAfterMs).toBeGreaterThan(0);
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await ask(tight.url(0, `/v1/transactions/${tight.json(3).id}`))).body.status).toBe('unknown');
    // Asking again about what is open takes no more room.
    const again = await post(url, { transactions: [tight.json(1).json, tight.json(2).json] });
    expect(again.status).toBe(202);
    const big = tight.json(5, { client: utf8('other'), body: new Uint8Array(70_000) });
    expect((await post(url, big.json)).body.code).toBe('OVERLOADED');
    for (const index of [1, 2, 3]) await tight.start(index);
    for (const nonce of [1, 2]) {
      const final = await ask(tight.url(0, `/v1/transactions/${tight.json(nonce).id}?wait=score`));
      expect(final.body.status).toBe('final');
    }
    expect((await post(url, tight.json(3).json)).status).toBe(202);
  });
});

describe('restart', () => {
  let restarted: TestNet | undefined;
  afterEach(() => restarted?.dispose());

  it('goes on from the same store: what was accepted is ordered, what was final stays', async () => {
    restarted = await TestNet.of({ limits: { checkpointAfterMs: 200, viewTimeoutMs: 300 } });
    await restarted.startAll();
    const before = restarted.json(1);
    await post(restarted.url(0, '/v1/transactions?wait=order'), before.json);
    for (const index of [1, 2, 3]) await restarted.stop(index);
    const lonely = restarted.json(2);
    expect((await post(restarted.url(0, '/v1/transactions'), lonely.json)).status).toBe(202);
    await restarted.stop(0);
    await restarted.start(0);
    expect((await ask(restarted.url(0, `/v1/transactions/${lonely.id}`))).body.status).toBe('accepted');
    expect((await post(restarted.url(0, '/v1/transactions'), lonely.json)).status).toBe(202);
    for (const index of [1, 2, 3]) await restarted.start(index);
    await restarted.connected();
    const known = await ask(restarted.url(0, `/v1/transactions/${before.id}`));
    expect(known.body).toMatchObject({ status: 'final', receipt: { finality: 'order' } });
    const resumed = await ask(restarted.url(2, `/v1/transactions/${lonely.id}?wait=order`));
    expect(resumed.body).toMatchObject({ status: 'final', receipt: { place: { ingress: 0 } } });
    const after = await post(restarted.url(3, '/v1/transactions?wait=order'), restarted.json(3).json);
    expect(after.status).toBe(200);
    const heights = await Promise.all([0, 1, 2, 3].map((i) => ask(restarted!.url(i, '/v1/blocks/1'))));
    expect(new Set(heights.map(({ body }) => body.digest)).size).toBe(1);
  });

  it('goes on without one signer, and the one that comes back catches up', async () => {
    restarted = await TestNet.of({ limits: { checkpointAfterMs: 200, viewTimeoutMs: 300 } });
    await restarted.startAll();
    await post(restarted.url(0, '/v1/transactions?wait=score'), restarted.json(1).json);
    await restarted.stop(3);
    for (let nonce = 10; nonce < 14; nonce++) {
      const answer = await post(
        restarted.url(nonce % 3, '/v1/transactions?wait=score'),
        restarted.json(nonce).json,
      );
      expect(answer.status).toBe(200);
    }
    await restarted.start(3);
    const late = await ask(restarted.url(3, `/v1/transactions/${restarted.json(13).id}?wait=order`));
    expect(late.body.status).toBe('final');
  });
});

describe('a disk that refuses', () => {
  let broken: TestNet | undefined;
  afterEach(() => broken?.dispose());

  it('stops the signer at once, tells its clients that the outcome is unknown, and nobody else', async () => {
    broken = await TestNet.of();
    let refuses = false;
    const store = new MemoryStore({
      failFlush: () => (refuses ? new Error('no space left on device') : undefined),
    });
    for (const index of [1, 2, 3]) await broken.start(index);
    const signer = await broken.start(0, { store });
    await broken.connected();
    expect((await post(broken.url(0, '/v1/transactions?wait=score'), broken.json(1).json)).status).toBe(200);
    refuses = true;
    const { id, json } = broken.json(2);
    const answer = await post(broken.url(0, '/v1/transactions?wait=score'), json);
    expect([answer.status, answer.body.code, answer.body.outcome]).toEqual([503, 'STOPPING', 'unknown']);
    expect(await signer.failed).toMatchObject({
      kind: 'disk',
      message: 'cannot write to the store: no space left on device',
    });
    const late = await post(broken.url(0, '/v1/transactions'), broken.json(3).json);
    expect(late.body.code).toBe('STOPPING');
    expect((await ask(broken.metricsUrl(0, '/readyz'))).status).toBe(503);
    await broken.stop(0);
    const elsewhere = await post(broken.url(1, '/v1/transactions?wait=score'), broken.json(4).json);
    expect(elsewhere.status).toBe(200);
    // It was announced before it was durable here, so it may be ordered or not.
    expect((await ask(broken.url(1, `/v1/transactions/${id}`))).status).toBe(200);
  });
});

describe('a pre-consensus check', () => {
  let checked: TestNet | undefined;
  afterEach(() => checked?.dispose());

  it('gives the verdict, and rejects when it throws', async () => {
    checked = await TestNet.of();
    const check = (body: Uint8Array): string | undefined => {
      if (body[0] === 1) throw new Error('a bug');
      return body[0] === 2 ? 'not wanted' : undefined;
    };
    for (const index of [0, 1, 2, 3]) await checked.start(index, { check });
    await checked.connected();
    const verdicts = [];
    for (const first of [0, 1, 2]) {
      const answer = await post(
        checked.url(0, '/v1/transactions?wait=score'),
        checked.json(first, { body: Uint8Array.of(first) }).json,
      );
      verdicts.push((answer.body.receipt as { verdict: string }).verdict);
    }
    expect(verdicts).toEqual(['executed', 'rejected', 'rejected']);
  });
});

it('an id is that of the canonical bytes, whatever order the dependencies were sent in', async () => {
  const transaction = net.transaction(500, { dependencies: [utf8('a'), utf8('b')] });
  const { json } = net.json(500, { dependencies: [utf8('a'), utf8('b')] });
  const answer = await post(net.url(0, '/v1/transactions'), {
    ...json,
    dependencies: [...json.dependencies!].reverse(),
  });
  expect(answer.body.id).toBe(transactionId(transaction));
});
