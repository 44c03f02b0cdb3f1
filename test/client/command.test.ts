import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { type Height, signerId } from '../../src/base/ids.ts';
import { type SubmitOptions, submitCommand } from '../../src/cli/submit.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import { blockDigest, encodeBlock, encodeQc } from '../../src/messages/block.ts';
import { encodeEvidence } from '../../src/messages/evidence.ts';
import { encodeReceiptJson } from '../../src/messages/receipt.ts';
import { makeScoreReceipt } from '../verify/make-receipts.ts';
import { TestChain, World } from '../verify/support.ts';
import { FakeFederation, FakeSigner } from './fake-signer.ts';

const world = new World(4, 1, 1);
const batch = world.batch(0, 1, ['a', 'b']);
const known = { batch, certificate: world.unanimous(batch) };
const nothing = { ahead: new Map(), placeProof: () => undefined };
const receipt = (index: number): string =>
  JSON.stringify(
    encodeReceiptJson(makeScoreReceipt({ ...known, index, verdict: 'executed' }, nothing, world.quorum)!, 4),
  );
const verify = (text: string, federation = world.text) => {
  const result = verifyCommand(text, federation);
  return result.ok
    ? result.value
    : { text: `${result.error.code}: ${result.error.message}`, json: undefined };
};

describe('verify', () => {
  it('says what a receipt proves', () => {
    const { text, json } = verify(receipt(1));
    expect(text).toBe(
      `transaction ${batch.transactionIds[1]}: executed by score, 4 of 4 signers (batch 1 of signer-0, index 1)\n`,
    );
    expect(json).toMatchObject({ kind: 'receipt', verdict: 'executed', finality: 'score' });
  });

  it('takes receipts one a line, and names the bad one', () => {
    expect(verify(`${receipt(0)}\n\n${receipt(1)}\n`).json).toHaveLength(2);
    const bad = receipt(1).replace('"index":1', '"index":0');
    expect(verify(`${receipt(0)}\n${bad}\n`).text).toMatch(/^RECEIPT_TRANSACTION: line 2: /);
    expect(verify(`${receipt(0)}\n{\n`).text).toBe('VERIFY_FORM: line 2: expected JSON');
  });

  it('says who is faulty, and why', () => {
    const evidence = {
      kind: 'votes' as const,
      signer: signerId(2),
      first: world.certificate(batch, [undefined, undefined, {}]),
      second: world.certificate(batch, [undefined, undefined, { base: 1 }]),
    };
    const file = (one: typeof evidence) =>
      JSON.stringify({ kind: 'evidence', hex: toHex(encodeEvidence(one, 4)) });
    const { text, json } = verify(file(evidence));
    expect(text).toBe(`signer 2 (signer-2) is faulty: two different votes on batch ${batch.id}\n`);
    expect(json).toMatchObject({ kind: 'evidence', signer: 2, fault: 'votes' });
    expect(verify(file({ ...evidence, second: evidence.first })).text).toMatch(/^EVIDENCE_NONE: /);
    expect(verify('{"kind":"evidence"}').text).toMatch(/^VERIFY_FORM: hex: /);
    expect(verify('{"kind":"evidence","hex":"00"}').text).toMatch(/^MALFORMED: /);
  });

  it('says that a block is committed', () => {
    const chain = new TestChain(world);
    const block = chain.commit([known]);
    const { proof, qc } = chain.proofFor(1 as Height)!;
    const file = {
      height: 1,
      digest: blockDigest(block, 4),
      block: toHex(encodeBlock(block, 4)),
      proof: proof.map((one) => toHex(encodeBlock(one, 4))),
      qc: toHex(encodeQc(qc, 4)),
      order: [],
    };
    expect(verify(JSON.stringify(file)).text).toMatch(/^block 1 is committed: 1 batches, signed by 4 of 4 /);
    expect(verify(JSON.stringify({ ...file, height: 2 })).text).toMatch(
      /^VERIFY_FORM: the file says height 2/,
    );
    expect(verify(JSON.stringify({ ...file, proof: [] })).text).toMatch(/^CHAIN_LENGTH: /);
    const weak = toHex(encodeQc(world.qc(proof[0]!, [0, 1]), 4));
    expect(verify(JSON.stringify({ ...file, qc: weak })).text).toMatch(/^QC_QUORUM: /);
  });

  it('says in one line what is not right with a file', () => {
    for (const [file, expected] of [
      ['', 'the file is empty'],
      ['1', 'expected a JSON object'],
      ['{}', '"kind" is neither'],
      ['{"kind":"receipt"}', 'RECEIPT_MALFORMED'],
    ])
      expect(verify(file!).text).toContain(expected);
    expect(verify(receipt(0), 'nonsense').text).toMatch(/^CONFIG_/);
    expect(verify(receipt(0), new World(4, 1, 1, { name: 'other' }).text).text).toMatch(/^EPOCH: /);
  });
});

describe('submit', () => {
  const federation = new FakeFederation(world);
  const signer = new FakeSigner(federation, 0);
  let directory: string;
  let files: Server;
  let filesUrl: string;
  const path = (name: string): string => join(directory, name);

  beforeAll(async () => {
    await signer.start();
    directory = await mkdtemp(join(tmpdir(), 'submit-'));
    await writeFile(path('federation.toml'), world.text);
    files = createServer((request, response) => {
      if (request.url === '/v1/federation') response.end(world.text);
      else response.writeHead(307, { location: `${signer.url}${request.url}` }).end();
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await signer.stop();
    await new Promise((resolve) => files.close(resolve));
    await rm(directory, { recursive: true });
  });

  async function run(options: Partial<SubmitOptions>) {
    const out: string[] = [];
    const warnings: string[] = [];
    signer.calls.length = 0;
    const result = await submitCommand(
      { to: signer.url, federation: path('federation.toml'), ...options },
      { out: (line) => out.push(line), warn: (line) => warnings.push(line) },
    );
    const sent = signer.calls.flatMap((call) => call.transactions.map((one) => one.transaction));
    const deps = sent.map((one) => one.dependencies?.map((bytes) => Buffer.from(bytes).toString()));
    return { result, out, warnings, deps };
  }
  const create = (...ids: string[]) =>
    JSON.stringify({ ops: ids.map((id) => ({ op: 'create', id, document: {} })) });

  it('prints the receipt of one body, which depends on everything unless told', async () => {
    const { result, out, warnings, deps } = await run({ body: '{"a": 1}' });
    expect(result).toEqual({ ok: true, value: { transactions: 1 } });
    expect(out).toHaveLength(1);
    expect(out[0]).toMatch(/^transaction [0-9a-f]{64}: executed by score, 4 of 4 signers/);
    expect(warnings).toEqual([]);
    expect(deps).toEqual([undefined]);
    expect((await run({ body: '1', deps: 'b,a' })).deps).toEqual([['a', 'b']]);
    expect((await run({ body: '1', deps: '' })).deps).toEqual([[]]);
  });

  it('declares the documents of operations', async () => {
    expect((await run({ body: create('y', 'x', 'y') })).deps).toEqual([['x', 'y']]);
    expect((await run({ body: create('y'), deps: 'z' })).deps).toEqual([['z']]);
  });

  it('sends a file, and prints receipts that verify reads', async () => {
    await writeFile(
      path('docs.jsonl'),
      `${Array.from({ length: 30 }, (_, i) => create(`d${i}`)).join('\n\n')}\n`,
    );
    const { result, out } = await run({ file: path('docs.jsonl'), json: true, finality: 'order' });
    expect(result).toEqual({ ok: true, value: { transactions: 30 } });
    expect(new Set(out.map((line) => JSON.parse(line).transaction)).size).toBe(30);
    expect(verify(out.join('\n')).json).toHaveLength(30);
  });

  it('warns when it takes the federation from the signer', async () => {
    const { result, warnings } = await submitWithoutFile();
    expect(result.ok).toBe(true);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`epoch ${world.epoch}`);
  });
  async function submitWithoutFile() {
    const warnings: string[] = [];
    const result = await submitCommand(
      { to: `${filesUrl}/,${signer.url}`, body: '1' },
      { out: () => {}, warn: (line) => warnings.push(line) },
    );
    return { result, warnings };
  }

  it('says in one line what is wrong', async () => {
    const messageOf = async (options: Partial<SubmitOptions>): Promise<string> => {
      const { result } = await run(options);
      return result.ok ? 'ok' : `${result.error.code}: ${result.error.message}`;
    };
    expect(await messageOf({ to: 'nonsense', body: '1' })).toMatch(/^USAGE: --to: /);
    expect(await messageOf({})).toMatch(/^USAGE: expected one of --body and --file/);
    expect(await messageOf({ body: '1', file: 'x' })).toMatch(/^USAGE: /);
    expect(await messageOf({ body: '{' })).toMatch(/^USAGE: --body: expected JSON/);
    expect(await messageOf({ body: '{"ops":[]}' })).toMatch(/^USAGE: --body: ops is not/);
    expect(await messageOf({ file: path('none.jsonl') })).toMatch(/none\.jsonl: ENOENT: cannot be read$/);
    expect(await messageOf({ body: '1', federation: path('none') })).toMatch(/^FEDERATION_FILE: .*ENOENT/);
    await writeFile(path('bad.jsonl'), `${create('a')}\n${create('b')}\n{"ops":1}\n`);
    expect(await messageOf({ file: path('bad.jsonl') })).toMatch(
      /^USAGE: .*bad\.jsonl: line 3: ops is not .*; the 2 before it were sent$/,
    );
    const gone = await new FakeSigner(federation, 1).start();
    await gone.stop();
    const { result } = await run({ to: gone.url, body: '1', timeoutMs: 100 });
    expect(result).toMatchObject({ ok: false, error: { code: 'SUBMIT_FAILED' } });
    expect(!result.ok && result.error.message).toMatch(
      /1 of 1 transactions failed: TIMEOUT: .*outcome: rejected/,
    );
  });
});
