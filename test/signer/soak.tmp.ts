import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { WebSocket } from 'ws';
import { testnetCommand } from '../../src/cli/testnet/testnet.ts';
import { loadSignerHome } from '../../src/signer/config.ts';
import { must } from '../../src/base/result.ts';
import { encodeTransactionJson } from '../../src/messages/http.ts';
import { neverExpires } from '../../src/messages/transaction.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { decodeStreamEvent, encodeCredit } from '../../src/messages/stream.ts';
import { VerifiedOrder } from '../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Verifier } from '../../src/verify/verifier.ts';
import { nodeSignatures } from '../../src/crypto/ed25519-node.ts';
import { ask, post, pause, until } from './harness.ts';
const out = '/tmp/bench/soak';
rmSync(out, { recursive: true, force: true });
must(await testnetCommand({ signers: 4, out, seed: '0c', basePort: 24100 }));
const start = (i: number): ChildProcess => spawn(process.execPath, ['--import', 'tsx', 'test/cli/start-process.ts', `${out}/signer-${i}`], { stdio: ['ignore', 'inherit', 'inherit'] });
const kids = [0, 1, 2, 3].map(start);
const url = (i: number, p: string) => `http://127.0.0.1:${24200 + i}${p}`;
const ready = (i: number) => until('ready', async () => { try { return (await ask(url(i, '/v1/status'))).body.ready === true; } catch { return false; } }, 30000);
for (const i of [0, 1, 2, 3]) await ready(i);
const home = must(loadSignerHome(`${out}/signer-0`));
const verifier = new Verifier(home.federation, home.scheme, nodeSignatures);
const learner = new VerifiedOrder({ verifier, ledger: new MemoryStore(), finality: 'score' });
const ws = new WebSocket(url(0, '/v1/stream?after=0').replace('http', 'ws'));
let learned = 0, streamErrors = 0;
ws.on('open', () => ws.send(encodeCredit(1_000_000)));
ws.on('message', (d) => { try { learned += learner.take(must(decodeStreamEvent(new Uint8Array(d as Buffer), 4))).reduce((s, x) => s + x.batch.transactions.length, 0); learner.drain(); } catch (e) { if (streamErrors++ < 3) console.log('stream', e); } });
const tx = (nonce: number, deps: string[]) => encodeTransactionJson({ epoch: home.epoch, client: utf8(`c${nonce % 7}`), nonce, expires: neverExpires, dependencies: deps.sort().map(utf8), body: new Uint8Array(100), signature: undefined });
let no = 0, ok = 0, late = 0; const errors: Record<string, number> = {}; const fin: Record<string, number> = {};
const t0 = performance.now(); const seconds = 25;
const work = Promise.all(Array.from({ length: 12 }, async (_, w) => {
  while (performance.now() - t0 < seconds * 1000) {
    const list = Array.from({ length: 8 }, () => { const k = no++; return tx(k, [Math.random() < 0.3 ? `hot${k % 3}` : `d${k}`]); });
    try {
      const r = await post(url(w % 4, '/v1/transactions?wait=score&timeoutMs=20000'), { transactions: list });
      if (r.status >= 400) { errors[String(r.body.code)] = (errors[String(r.body.code)] ?? 0) + 1; await pause(200); continue; }
      for (const x of r.body.results as any[]) { if (x.receipt) { ok++; fin[x.receipt.finality] = (fin[x.receipt.finality] ?? 0) + 1; } else late++; }
    } catch { errors.fetch = (errors.fetch ?? 0) + 1; await pause(300); }
  }
}));
await pause(6000);
kids[3]!.kill('SIGKILL'); console.log('killed 3 at', ok);
await pause(6000);
console.log('without 3', ok);
kids[3] = start(3); await ready(3); console.log('back', ok);
await work;
console.log({ ok, late, errors, fin, learned, streamErrors, no });
await pause(4000);
for (const i of [0, 1, 2, 3]) { const b = (await ask(url(i, '/v1/status'))).body as any; console.log(i, b.height, b.engine.transactions, b.engine.ahead, b.engine.waiting, b.engine.accepted, b.engine.queued, b.open, b.evidence, b.ready, b.notReady); }
console.log('learner', learner.height, learned);
ws.close();
for (const k of kids) k.kill('SIGTERM');
await Promise.all(kids.map((k) => new Promise((r) => k.on('close', (c) => { console.log('exit', c); r(0); }))));
