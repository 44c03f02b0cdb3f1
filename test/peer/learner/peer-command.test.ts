import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peerCommand } from '../../../src/cli/peer.ts';
import { testnetCommand } from '../../../src/cli/testnet/testnet.ts';
import { temporaryDirectory } from './support.ts';

let directory: string;
let home: string;
beforeAll(async () => {
  directory = await temporaryDirectory();
  const made = await testnetCommand({ signers: 1, out: join(directory, 'net'), basePort: 17_100 });
  if (!made.ok) throw new Error(made.error.message);
  home = made.value.json.learner.home;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the peer command', () => {
  it('says in one line what is wrong with its flags and its home', async () => {
    const reason = async (options: Parameters<typeof peerCommand>[0]) => {
      const result = await peerCommand(options);
      return result.ok ? 'no refusal' : `${result.error.code}: ${result.error.message}`;
    };
    expect(await reason({ home, store: 'paper' })).toBe(
      'BAD_OPTION: --store: "paper" is unknown, expected lmdb, postgres, couchdb, memory',
    );
    expect(await reason({ home, finality: 'soon' })).toBe(
      'BAD_OPTION: --finality: "soon" is unknown, expected score, order',
    );
    expect(await reason({ home: '/nowhere' })).toBe(
      'CONFIG_UNREADABLE: /nowhere/peer.toml: there is no such file',
    );
    expect(await reason({ home, store: 'postgres' })).toMatch(
      /^CONFIG_INVALID: .*peer\.toml: store\.postgres\.url/,
    );
  });

  it('runs until SIGTERM and ends with 0', async () => {
    const script = fileURLToPath(new URL('./peer-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, home, 'memory'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const reader = createInterface({ input: child.stdout! });
    const lines: string[] = [];
    reader.on('line', (line) => lines.push(line));
    while (!lines.some((line) => line.includes('signer http'))) await once(reader, 'line');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 30,
      msg: expect.stringMatching(/^learner of "testnet" .* at group 0, on http:/),
    });
    expect(lines.join('\n')).toMatch(/signer http:\/\/127.0.0.1:17200 failed: .*ECONNREFUSED/);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 30_000);
});
