import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testnetCommand } from '../../src/cli/testnet/testnet.ts';
import { loadPeerHome, type PeerOverrides } from '../../src/peer/config.ts';

let net: string;
let file: string;
beforeEach(async () => {
  net = join(mkdtempSync(join(tmpdir(), 'musig-peer-')), 'net');
  file = join(net, 'learner', 'peer.toml');
  const made = await testnetCommand({ signers: 4, out: net, seed: '07' });
  if (!made.ok) throw new Error(made.error.message);
});
afterEach(() => {
  rmSync(join(net, '..'), { recursive: true, force: true });
});

function change(from: string | RegExp, to: string): void {
  const before = readFileSync(file, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}
const answer = (overrides: PeerOverrides = {}): string => {
  const result = loadPeerHome(join(net, 'learner'), overrides);
  return result.ok ? 'ok' : result.error.message;
};

describe('learner home', () => {
  it('gives what the file says, and what the command line says instead', () => {
    expect(loadPeerHome(join(net, 'learner'))).toMatchObject({
      value: { finality: 'score', store: { kind: 'lmdb', path: join(net, 'learner/data/documents') } },
    });
    expect(loadPeerHome(join(net, 'learner'), { finality: 'order', store: 'memory' })).toMatchObject({
      value: { finality: 'order', store: { kind: 'memory' }, dataDirectory: join(net, 'learner/data') },
    });
  });

  it('knows what each store needs', () => {
    expect(answer({ store: 'postgres' })).toBe(
      `${file}: store.postgres.url: missing, expected with the store "postgres"`,
    );
    expect(answer({ store: 'couchdb' })).toBe(
      `${file}: store.couchdb.url: missing, expected with the store "couchdb"`,
    );
    change(/^# (?=\[store|url|schema)/gm, '');
    const load = (store: 'postgres' | 'couchdb') => loadPeerHome(join(net, 'learner'), { store });
    expect(load('postgres')).toMatchObject({
      value: {
        store: { kind: 'postgres', url: 'postgres://user@localhost/database', schema: 'musig_paxos' },
      },
    });
    expect(load('couchdb')).toMatchObject({
      value: { store: { kind: 'couchdb', url: 'http://localhost:5984', database: 'documents' } },
    });
    change('postgres://user@localhost', 'mysql://user:secret@localhost');
    expect(answer()).toBe(
      `${file}: store.postgres.url: expected a URL, as in postgres://user@localhost/database`,
    );
  });

  it.each([
    [/follow = \[.*?\]/s, 'follow = []', "follow: expected at least one signer's URL"],
    ['7201', '7200', 'follow: expected distinct URLs'],
    [
      '"http://127.0.0.1:7201"',
      '"localhost"',
      'follow[1]: expected a URL without a path, as in http://signer.example:7200, found "localhost"',
    ],
    ['finality = "score"', 'finality = "fast"', 'finality: expected "score" or "order", found "fast"'],
    [
      'kind = "lmdb"',
      'kind = "mysql"',
      'store.kind: expected "lmdb" or "postgres" or "couchdb" or "memory", found "mysql"',
    ],
    [/^http = .*$/m, '', 'listen.http: missing, expected host:port to listen on, as in 0.0.0.0:7100'],
    ['[store.lmdb]', '[store.lmbd]', 'store.lmbd: unknown field'],
    ['[listen]', '[listen', 'line 15, column 8: '],
  ])('names the field: %s', (from, to, expected) => {
    change(from, to);
    const message = answer();
    expect(message.startsWith(`${file}: ${expected}`)).toBe(true);
    expect(message).not.toContain('\n');
  });

  it('names a file that is missing', () => {
    rmSync(join(net, 'federation.toml'));
    expect(answer()).toBe(`${join(net, 'federation.toml')}: there is no such file`);
    rmSync(file);
    expect(answer()).toBe(`${file}: there is no such file`);
  });
});
