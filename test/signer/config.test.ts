import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testnetCommand } from '../../src/cli/testnet/testnet.ts';
import { defaultAdmission, loadSignerHome } from '../../src/signer/config.ts';

let net: string;
let home: string;
beforeEach(async () => {
  net = join(mkdtempSync(join(tmpdir(), 'musig-signer-')), 'net');
  home = join(net, 'signer-1');
  const made = await testnetCommand({ signers: 4, out: net, seed: '07' });
  if (!made.ok) throw new Error(made.error.message);
});
afterEach(() => {
  rmSync(join(net, '..'), { recursive: true, force: true });
});

function change(path: string, from: string | RegExp, to: string): void {
  const before = readFileSync(path, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
}
const answer = (): string => {
  const result = loadSignerHome(home);
  return result.ok ? 'ok' : result.error.message;
};

describe('signer home', () => {
  it('gives absolute paths and defaults', () => {
    change(join(home, 'signer.toml'), /^\[admission\].*/ms, '');
    change(join(home, 'signer.toml'), /^data = .*$/m, '');
    change(join(home, 'signer.toml'), /^log_level = .*$/m, '');
    const result = loadSignerHome(home);
    expect(result).toMatchObject({
      ok: true,
      value: {
        directory: home,
        dataDirectory: join(home, 'data'),
        self: 1,
        logLevel: 'info',
        admission: defaultAdmission,
      },
    });
  });

  it('takes bounds, level and data directory from the file', () => {
    change(join(home, 'signer.toml'), /queue_bytes_max = .*/, 'queue_bytes_max = 65536');
    change(join(home, 'signer.toml'), /outstanding_per_client_max = .*/, 'outstanding_per_client_max = 7');
    change(join(home, 'signer.toml'), 'log_level = "info"', 'log_level = "silent"');
    change(join(home, 'signer.toml'), 'data = "data"', 'data = "../elsewhere"');
    change(join(home, 'signer.toml'), '"127.0.0.1:7301"', '"127.0.0.1:0"');
    expect(loadSignerHome(home)).toMatchObject({
      value: {
        dataDirectory: join(net, 'elsewhere'),
        logLevel: 'silent',
        admission: { queueBytesMax: 65536, outstandingPerClientMax: 7 },
        listen: { metrics: { port: 0 } },
      },
    });
  });

  it.each([
    [
      'signer.toml',
      /^peers = .*$/m,
      'peers = "7100"',
      'listen.peers: expected host:port to listen on, as in 0.0.0.0:7100, found "7100"',
    ],
    [
      'signer.toml',
      /^http = .*$/m,
      '',
      'listen.http: missing, expected host:port to listen on, as in 0.0.0.0:7100',
    ],
    [
      'signer.toml',
      /^metrics = .*$/m,
      'metrics = "0.0.0.0:7300"',
      'listen.metrics: expected a loopback address, as in 127.0.0.1:7300',
    ],
    ['signer.toml', 'log_level', 'loglevel', 'loglevel: unknown field'],
    [
      'signer.toml',
      /queue_bytes_max = .*/,
      'queue_bytes_max = 1',
      'admission.queue_bytes_max: expected a whole number from 65536 to 1099511627776, found 1',
    ],
    ['keys.toml', /root_seed = ".{60}/, 'root_seed = "', 'root_seed: expected 64 hex digits'],
    ['keys.toml', /root_seed/, 'rootseed', 'rootseed: unknown field'],
  ])('names file and field: %s %s', (file, from, to, expected) => {
    change(join(home, file), from, to);
    expect(answer()).toBe(`${join(home, file)}: ${expected}`);
  });

  it('names a file that is missing', () => {
    rmSync(join(home, 'keys.toml'));
    expect(answer()).toBe(`${join(home, 'keys.toml')}: there is no such file`);
    rmSync(join(net, 'federation.toml'));
    expect(answer()).toBe(`${join(net, 'federation.toml')}: there is no such file`);
    rmSync(join(home, 'signer.toml'));
    expect(answer()).toBe(`${join(home, 'signer.toml')}: there is no such file`);
  });

  it('refuses the keys of nobody in the federation', () => {
    change(join(home, 'keys.toml'), /root_seed = ".*"/, `root_seed = "${'ab'.repeat(32)}"`);
    expect(answer()).toBe(
      `${join(home, 'keys.toml')}: root_seed: expected the seed of a signer of ${join(net, 'federation.toml')}`,
    );
  });

  it('refuses a federation whose file or keys are not sound', () => {
    const path = join(net, 'federation.toml');
    const proofs = [...readFileSync(path, 'utf8').matchAll(/possession_proof = "(.*)"/g)].map(
      (match) => match[1]!,
    );
    change(path, proofs[2]!, proofs[3]!);
    expect(answer()).toMatch(/federation\.toml: signer 2 \(signer-2\): possessionProof does not prove/);
    change(path, 'fanout = 3', 'fanout = 0');
    expect(answer()).toBe(`${path}: fanout: expected a whole number from 2 to 4096, found 0`);
  });
});
