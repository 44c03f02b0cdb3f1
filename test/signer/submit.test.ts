/** `/v1/submit` of real signers, with the client that uses it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { must } from '../../src/base/result.ts';
import type { Client } from '../../src/client/client.ts';
import { connectNode } from '../../src/client/node.ts';
import { nodeSignatures } from '../../src/crypto/ed25519-node.ts';
import type { Receipt } from '../../src/messages/receipt.ts';
import { encodeSubmit, submitBytesMax } from '../../src/messages/submission.ts';
import { encodedTransaction } from '../../src/messages/transaction.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import { Verifier } from '../../src/verify/verifier.ts';
import { pause, TestNet, until } from './harness.ts';

let net: TestNet;
let verifier: Verifier;
let client: Client;
let requests = 0;
beforeAll(async () => {
  net = await TestNet.of({ limits: { checkpointAfterMs: 200 } });
  verifier = new Verifier(net.federation, net.home(0).scheme, nodeSignatures);
  await net.startAll();
  client = connectNode({
    federation: verifier,
    fetch: (url, init) => {
      requests += 1;
      return fetch(url, init);
    },
  });
});
afterAll(async () => {
  client.close();
  await net.dispose();
});

describe('the submission stream', () => {
  it('brings receipts that verify offline, and needs no request', async () => {
    const sent = Array.from({ length: 200 }, (_, i) => client.submit(`body ${i}`, { deps: [`d${i}`] }));
    const receipts = await Promise.all(sent.map((tx) => tx.final));
    for (const [i, receipt] of receipts.entries()) {
      const verified = must(verifyReceipt(receipt, verifier));
      expect([verified.transaction, verified.verdict]).toEqual([sent[i]!.id, 'executed']);
    }
    const ordered = await Promise.all(sent.map((tx) => tx.ordered));
    for (const receipt of ordered) expect(must(verifyReceipt(receipt, verifier)).finality).toBe('order');
    expect(requests).toBe(0);
  });

  it('tells what is accepted, and what is known already, at any signer', async () => {
    const once = { deps: ['again'], nonce: 7, clientId: new Uint8Array([1]) };
    const first = client.submit('again', once);
    await first.accepted;
    await first.final;
    for (const { url } of net.federation.signers) {
      const other = connectNode({ federation: verifier, signers: [url] });
      const tx = other.submit('again', once);
      expect(tx.id).toBe(first.id);
      expect((await tx.final).batch.header.root).toBe((await first.final).batch.header.root);
      expect((await tx.ordered).finality).toBe('order');
      await tx.accepted;
      other.close();
    }
  });
});

/** A socket of a stranger's. */
async function stranger(): Promise<{ socket: WebSocket; closed: () => string | undefined }> {
  const socket = new WebSocket(net.url(0, '/v1/submit').replace('http', 'ws'));
  let closed: string | undefined;
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => {
    closed = `${code} ${reason}`;
  });
  await until('open', () => socket.readyState === WebSocket.OPEN);
  return { socket, closed: () => closed };
}

describe('a stranger on the stream', () => {
  it('that sends garbage, text or a giant message is shown out, and the others go on', async () => {
    const one = encodedTransaction(net.transaction(9000));
    const sends: [string | Uint8Array, RegExp][] = [
      ['text', /^1003 /],
      [Uint8Array.from({ length: 999 }, (_, i) => (i * 31) % 256), /^1008 SUBMIT_TYPE/],
      [new Uint8Array(submitBytesMax + 1), /^1009 /],
      [
        encodeSubmit({ first: 0, wait: 'score', timeoutMs: 0 }, [{ raw: one.raw.slice(3) }]),
        /^1008 MALFORMED/,
      ],
    ];
    for (const [bytes, code] of sends) {
      const { socket, closed } = await stranger();
      socket.send(bytes);
      await until('closed', () => closed() !== undefined);
      expect(closed()).toMatch(code);
    }
    await client.submit('still here').final;
    expect(net.running.get(0)!.status().waiting).toBe(0);
  });

  it('that goes away leaves nothing behind', async () => {
    const { socket } = await stranger();
    const list = Array.from({ length: 20 }, (_, i) => encodedTransaction(net.transaction(9100 + i)));
    socket.send(encodeSubmit({ first: 0, wait: 'order', timeoutMs: 60_000 }, list));
    await until('waiting', () => net.running.get(0)!.status().waiting > 0);
    socket.terminate();
    await until('gone', () => net.running.get(0)!.status().waiting === 0);
  });
});

describe('a signer that stops with transactions under way', () => {
  it('loses none: they are final elsewhere, once', async () => {
    const own = connectNode({ federation: verifier, route: net.url(3, '') });
    const sent: ReturnType<Client['submit']>[] = [];
    const receipts: Promise<Receipt>[] = [];
    const submit = (): void => {
      const tx = own.submit(`stop ${sent.length}`, { deps: [`s${sent.length % 7}`] });
      sent.push(tx);
      receipts.push(tx.final);
    };
    for (let i = 0; i < 40; i++) submit();
    await receipts[0];
    for (let i = 0; i < 40; i++) submit();
    await pause(1);
    await net.stop(3);
    for (let i = 0; i < 40; i++) submit();
    const all = await Promise.all(receipts);
    expect(new Set(all.map((one) => one.transaction)).size).toBe(120);
    const ordered = await Promise.all(sent.map((tx) => tx.ordered));
    expect(ordered.map((one) => one.verdict)).toEqual(ordered.map(() => 'executed'));
    own.close();
  });
});
