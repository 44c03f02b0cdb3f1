/** `start` and `status` as processes: signals, exit codes, one line for a user's mistake. */

import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { statusCommand } from '../../src/cli/status.ts';
import { testnetCommand } from '../../src/cli/testnet/testnet.ts';
import { encodeTransactionJson } from '../../src/messages/http.ts';
import { neverExpires, type Transaction } from '../../src/messages/transaction.ts';
import { loadSignerHome } from '../../src/signer/config.ts';
import { ask, post, until } from '../signer/harness.ts';

const program = fileURLToPath(new URL('start-process.ts', import.meta.url));
const basePort = 21_000 + (process.pid % 80) * 100;
let net: string;
const home = (index: number): string => join(net, `signer-${index}`);
const url = (index: number): string => `http://127.0.0.1:${basePort + 100 + index}`;

class Run {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  exitCode: number | null | undefined;

  constructor(directory: string) {
    this.child = spawn(process.execPath, ['--import', 'tsx', program, directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (data) => {
      this.stdout += data;
    });
    this.child.stderr!.on('data', (data) => {
      this.stderr += data;
    });
    this.child.on('close', (code) => {
      this.exitCode = code;
    });
  }

  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  started(): Promise<void> {
    return until('started', () => {
      if (this.exitCode !== undefined)
        throw new Error(`ended with ${this.exitCode}: ${this.stderr}${this.stdout}`);
      return this.lines.some(({ msg }) => msg === 'started');
    });
  }

  ended(): Promise<void> {
    return until('ended', () => this.exitCode !== undefined);
  }
}

const runs: Run[] = [];
const run = (index: number): Run => {
  const one = new Run(home(index));
  runs.push(one);
  return one;
};

beforeAll(async () => {
  net = join(mkdtempSync(join(tmpdir(), 'musig-start-')), 'net');
  const made = await testnetCommand({ signers: 4, out: net, seed: '0b', basePort });
  if (!made.ok) throw new Error(made.error.message);
});
afterEach(async () => {
  for (const one of runs.splice(0)) {
    if (one.exitCode !== undefined) continue;
    one.child.kill('SIGKILL');
    await one.ended();
  }
});
afterAll(() => rmSync(join(net, '..'), { recursive: true, force: true }));

describe('start', () => {
  it('runs a federation of processes; SIGTERM ends each cleanly', async () => {
    const all = [0, 1, 2, 3].map(run);
    await Promise.all(all.map((one) => one.started()));
    await until('ready', async () => (await ask(`${url(0)}/v1/status`)).body.ready === true);
    const loaded = loadSignerHome(home(0));
    if (!loaded.ok) throw new Error(loaded.error.message);
    const transaction: Transaction = {
      epoch: loaded.value.epoch,
      client: Uint8Array.of(1),
      nonce: 1,
      expires: neverExpires,
      dependencies: [],
      body: utf8('{"ops":[{"op":"create","id":"a","document":1}]}'),
      signature: undefined,
    };
    const answer = await post(`${url(1)}/v1/transactions?wait=score`, encodeTransactionJson(transaction));
    expect(answer.body).toMatchObject({ receipt: { verdict: 'executed' } });

    const status = await statusCommand({ to: `${url(2)}/` });
    expect(status).toMatchObject({ ok: true, value: { json: { self: 2, quorum: { n: 4 } } } });
    expect(status.ok && status.value.text).toMatch(
      /signer +2 \(signer-2\) of 4.*\n(?:.*\n)*quorum +3 of 4; final by score at 4/,
    );

    const [first] = all;
    const started = first!.lines.find(({ msg }) => msg === 'started');
    expect(started).toMatchObject({
      epoch: loaded.value.epoch,
      self: 0,
      quorum: { n: 4, f: 1, t: 1, q: 3, slack: 0, threshold: 4 },
      listen: { http: `127.0.0.1:${basePort + 100}` },
    });
    expect(first!.lines.some(({ msg }) => /^slack 0 is below byzantine 1/.test(String(msg)))).toBe(true);
    for (const one of all) one.child.kill('SIGTERM');
    await Promise.all(all.map((one) => one.ended()));
    expect(all.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(all.map(() => [0, '']));
    expect(first!.lines.at(-1)!.msg).toBe('stopped');
  });

  it('says in one line what is wrong, and where', async () => {
    const wrong = async (directory: string): Promise<string> => {
      const one = new Run(directory);
      runs.push(one);
      await one.ended();
      expect(one.exitCode).toBe(1);
      expect(one.stdout).toBe('');
      expect(one.stderr.trimEnd().split('\n')).toHaveLength(1);
      return one.stderr.trimEnd();
    };
    expect(await wrong(join(net, 'nowhere'))).toBe(
      `${join(net, 'nowhere', 'signer.toml')}: there is no such file`,
    );

    const keys = readFileSync(join(home(3), 'keys.toml'), 'utf8');
    writeFileSync(join(home(3), 'keys.toml'), `root_seed = "${'ab'.repeat(32)}"\n`, { mode: 0o600 });
    expect(await wrong(home(3))).toMatch(/keys\.toml: root_seed: expected the seed of a signer of/);
    writeFileSync(join(home(3), 'keys.toml'), keys);

    const held: Server = createServer();
    for (const [offset, field] of [
      [0, 'listen.peers'],
      [100, 'listen.http'],
      [200, 'listen.metrics'],
    ] as const) {
      await new Promise<void>((resolve) => held.listen(basePort + offset + 3, '127.0.0.1', resolve));
      expect(await wrong(home(3))).toBe(
        `${home(3)}/signer.toml: ${field}: cannot listen on 127.0.0.1:${basePort + offset + 3}: another process listens there (EADDRINUSE)`,
      );
      await new Promise((resolve) => held.close(resolve));
    }

    const config = readFileSync(join(home(3), 'signer.toml'), 'utf8');
    writeFileSync(join(home(3), 'occupied'), 'a file');
    writeFileSync(join(home(3), 'signer.toml'), config.replace('data = "data"', 'data = "occupied"'));
    expect(await wrong(home(3))).toMatch(/cannot open store .*occupied/);
    writeFileSync(join(home(3), 'signer.toml'), config);
  });

  it.runIf(process.getuid?.() !== 0)('says so when the data directory cannot be written', async () => {
    chmodSync(join(home(2), 'data'), 0o500);
    const one = run(2);
    await one.ended();
    chmodSync(join(home(2), 'data'), 0o700);
    expect([one.exitCode, one.stderr.trimEnd().split('\n').length]).toEqual([1, 1]);
    expect(one.stderr).toMatch(/cannot open store/);
  });

  it('does not run twice on one home', async () => {
    const first = run(1);
    await first.started();
    const second = run(1);
    await second.ended();
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(/^store .* is in use by process \d+\n$/);
  });
});

describe('status', () => {
  it('names the flag when a node cannot be asked', async () => {
    expect(await statusCommand({ to: 'localhost' })).toMatchObject({
      error: { code: 'BAD_OPTION', message: expect.stringMatching(/^--to: expected a URL/) },
    });
    expect(await statusCommand({ to: 'http://127.0.0.1:1' })).toMatchObject({
      error: { message: expect.stringMatching(/^--to: http:\/\/127.0.0.1:1 cannot be reached/) },
    });
  });

  it('shows whatever another kind of node says, without control characters', async () => {
    const { createServer: createHttp } = await import('node:http');
    const server = createHttp((request, response) => {
      if (request.url === '/v1/status') response.end(JSON.stringify({ height: 3, note: 'a\u001b[31mb' }));
      else response.end('[]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const status = await statusCommand({ to: `http://127.0.0.1:${port}` });
    expect(status).toMatchObject({ ok: true, value: { text: 'height  3\nnote    a?[31mb\n' } });
    server.close();
  });
});
