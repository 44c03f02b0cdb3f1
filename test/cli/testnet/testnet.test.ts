import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatUnit } from '../../../src/cli/testnet/services.ts';
import { type TestnetOptions, testnetCommand } from '../../../src/cli/testnet/testnet.ts';
import { parseFederation } from '../../../src/messages/federation-file.ts';
import { loadPeerHome } from '../../../src/peer/config.ts';
import { loadSignerHome } from '../../../src/signer/config.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'musig-testnet-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

async function make(options: Partial<TestnetOptions> = {}) {
  const result = await testnetCommand({ signers: 4, out: join(scratch, 'net'), seed: '00', ...options });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

async function refusal(options: Partial<TestnetOptions>): Promise<string> {
  const result = await testnetCommand({ signers: 4, out: join(scratch, 'net'), ...options });
  return result.ok ? 'ok' : result.error.message;
}

const load = (home: string) => {
  const result = loadSignerHome(home);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

/** All files below a directory with their text. */
const contents = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(directory.length), readFileSync(path, 'utf8')]),
  );

describe('testnet', () => {
  it('makes homes that load, each with the keys of its own signer', async () => {
    const { json, text } = await make();
    expect(json.homes.map((home) => load(home.home).self)).toEqual([0, 1, 2, 3]);
    const first = load(json.homes[0]!.home);
    expect(first.epoch).toBe(json.epoch);
    expect(first.scheme.size).toBe(4);
    expect(first.warnings).toEqual([]);
    expect(first.listen).toEqual({
      peers: { host: '127.0.0.1', port: 7100 },
      http: { host: '127.0.0.1', port: 7200 },
      metrics: { host: '127.0.0.1', port: 7300 },
    });
    const learner = loadPeerHome(json.learner.home);
    if (!learner.ok) throw new Error(learner.error.message);
    expect(learner.value.epoch).toBe(json.epoch);
    expect(learner.value.follow).toEqual(json.homes.map((home) => home.url));
    expect(learner.value.listen.http).toEqual({ host: '127.0.0.1', port: 7400 });
    expect(learner.value.store).toEqual({ kind: 'lmdb', path: join(json.learner.home, 'data/documents') });
    for (const command of [...json.homes, json.learner]) expect(text).toContain(command.start);
  });

  it('keeps secrets from others', async () => {
    const { json } = await make();
    for (const { home } of json.homes) {
      expect(statSync(join(home, 'keys.toml')).mode & 0o777).toBe(0o600);
      expect(statSync(home).mode & 0o777).toBe(0o700);
    }
    chmodSync(join(json.homes[1]!.home, 'keys.toml'), 0o640);
    expect(load(json.homes[1]!.home).warnings).toEqual([
      `${join(json.homes[1]!.home, 'keys.toml')}: others than its owner can read it, expected mode 0600`,
    ]);
  });

  it('makes the same keys from the same seed, and new ones without', async () => {
    const epochs = [
      await make({ out: join(scratch, 'a') }),
      await make({ out: join(scratch, 'b') }),
      await make({ out: join(scratch, 'c'), seed: '01' }),
      await make({ out: join(scratch, 'd'), seed: undefined }),
      await make({ out: join(scratch, 'e'), seed: undefined }),
    ].map(({ json }) => json.epoch);
    expect(epochs[0]).toBe(epochs[1]);
    expect(new Set(epochs).size).toBe(4);
  });

  it('takes an empty directory, and refuses one with something in it without touching it', async () => {
    const out = mkdtempSync(join(scratch, 'empty-'));
    await make({ out });
    const before = contents(out);
    expect(await refusal({ out })).toBe(`--out: expected a new or an empty directory, ${out} is not`);
    expect(contents(out)).toEqual(before);
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    expect(await refusal({ out: file })).toBe(`--out: cannot use ${file} (ENOTDIR)`);
  });

  it('says when the slack does not cover the liars', async () => {
    const small = await make({ out: join(scratch, 'a') });
    expect(small.text).toContain('Warning: the slack is 0, below byzantine (1)');
    expect(small.text).toContain('With 6 signers');
    const large = await make({
      out: join(scratch, 'b'),
      signers: 6,
      byzantine: 1,
      faulty: 1,
      seed: undefined,
    });
    expect(large.json).toMatchObject({ quorum: 5, slack: 1, threshold: 5, warnings: [] });
    const crashOnly = await make({ out: join(scratch, 'c'), signers: 3, byzantine: 0, faulty: 1 });
    expect(crashOnly.text).toContain('one lying signer can break agreement');
  });

  it('deals the signers over the regions of a matrix, and carries only those that are used', async () => {
    const regions = join(scratch, 'regions.csv');
    writeFileSync(regions, ',São Paulo,b,c\nSão Paulo,1.6,2,3\nb,4,5.4,6\nc,7,8,9\n');
    const few = await make({ out: join(scratch, 'a'), signers: 2, byzantine: 0, faulty: 0, regions });
    expect(few.json.homes.map((home) => home.region)).toEqual(['São Paulo', 'b']);
    const parsed = parseFederation(readFileSync(few.json.federation, 'utf8'));
    expect(parsed).toMatchObject({
      value: {
        shape: 'geographic',
        regions: ['São Paulo', 'b'],
        latencyMs: [
          [2, 2],
          [4, 5],
        ],
      },
    });
    const many = await make({ out: join(scratch, 'b'), signers: 5, regions });
    expect(many.json.homes.map((home) => home.region)).toEqual(['São Paulo', 'b', 'c', 'São Paulo', 'b']);
    expect(load(many.json.homes[4]!.home).federation.regions).toHaveLength(3);
  });

  it('listens everywhere when the host is not loopback, metrics never', async () => {
    const { json } = await make({ host: 'node.example', basePort: 9000 });
    const home = load(json.homes[3]!.home);
    expect(home.federation.signers[3]).toMatchObject({
      address: 'node.example:9003',
      url: 'http://node.example:9103',
    });
    expect(home.listen).toEqual({
      peers: { host: '0.0.0.0', port: 9003 },
      http: { host: '0.0.0.0', port: 9103 },
      metrics: { host: '127.0.0.1', port: 9203 },
    });
    const v6 = await make({ out: join(scratch, 'v6'), host: '::1' });
    expect(load(v6.json.homes[0]!.home).listen.peers).toEqual({ host: '::1', port: 7100 });
  });

  it('chooses the scheme by the number of signers, and says why', async () => {
    const few = await make();
    const many = await make({ signers: 17, out: join(scratch, 'many') });
    const asked = await make({ scheme: 'bls12-381', fanout: 2, out: join(scratch, 'asked') });
    expect([few, many, asked].map(({ json }) => [json.scheme, json.fanout])).toEqual([
      ['ed25519-list', 3],
      ['bls12-381', 2],
      ['bls12-381', 2],
    ]);
    expect(asked.json.reasons).toEqual({ scheme: 'as asked for', fanout: 'as asked for' });
    for (const { json, text } of [few, many, asked]) {
      const file = readFileSync(json.federation, 'utf8');
      for (const reason of Object.values(json.reasons)) {
        expect(text).toContain(`: ${reason}.\n`);
        expect(file).toContain(`# Why: ${reason}.\n`);
      }
      const home = load(json.homes[0]!.home);
      expect(home.scheme.name).toBe(json.scheme);
      const message = new Uint8Array(3);
      expect(home.scheme.verify([{ signers: [0], message }], home.votingKey.sign(message))).toBe(true);
    }
  });

  it('makes homes that refuse a scheme that nobody knows, by name', async () => {
    const { json } = await make();
    const text = readFileSync(json.federation, 'utf8');
    writeFileSync(json.federation, text.replace('"ed25519-list"\n', '"ed25519-lisp"\n'));
    const result = loadSignerHome(json.homes[0]!.home);
    expect(result).toMatchObject({
      error: {
        code: 'SCHEME_UNKNOWN',
        message: `${json.federation}: scheme: expected "ed25519-list" or "bls12-381", found "ed25519-lisp"`,
      },
    });
  });

  it('gives more than a hundred signers ports that do not collide', async () => {
    const { json } = await make({ signers: 101, basePort: 10000 });
    const ports = json.homes
      .flatMap((home) => [home.address, home.url, home.metrics])
      .concat(json.learner.url);
    expect(new Set(ports.map((text) => text.split(':').pop())).size).toBe(3 * 101 + 1);
  });

  it.each([
    [{ signers: 0 }, '--signers: expected a whole number from 1 to 4096, found 0'],
    [{ signers: 2.5 }, '--signers: expected a whole number from 1 to 4096, found 2.5'],
    [{ seed: 'xyz' }, '--seed: expected an even number of hex digits'],
    [{ byzantine: 2 }, '--byzantine, --faulty: faulty (1) must be at least byzantine (2)'],
    [{ basePort: 65300 }, '--base-port: expected a port from 1 to 65235, found 65300'],
    [{ basePort: 0 }, '--base-port: expected a port from 1 to 65235, found 0'],
    [{ scheme: 'rsa' }, '--scheme: expected "ed25519-list" or "bls12-381", found "rsa"'],
    [{ host: 'a b' }, '--host: expected a host name or an IP address, found "a b"'],
  ])('refuses %j', async (options, expected) => {
    expect(await refusal(options)).toBe(expected);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it('refuses a matrix that cannot be read', async () => {
    const path = join(scratch, 'none.csv');
    expect(await refusal({ regions: path })).toBe(`--regions: cannot read ${path} (ENOENT)`);
    writeFileSync(path, ',a\na,x\n');
    expect(await refusal({ regions: path })).toBe(`${path}: line 2: expected milliseconds, found "x"`);
    const name = 'r'.repeat(129);
    writeFileSync(path, `,${name}\n${name},1\n`);
    expect(await refusal({ regions: path })).toMatch(
      /^federation\.toml: regions\[0\]: expected text of 1 to 128/,
    );
  });
});

describe('service files', () => {
  it('contain every process, hardened', async () => {
    const { json } = await make();
    const files = contents(json.directory);
    for (const name of ['signer-0', 'signer-1', 'signer-2', 'signer-3', 'learner']) {
      const unit = files[`/systemd/musig-paxos-${name}.service`]!;
      for (const line of [
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'MemoryMax=2G',
        'Restart=on-failure',
      ])
        expect(unit.split('\n')).toContain(line);
      expect(unit).toContain(`"--home" "${join(json.directory, name)}"`);
      expect(unit).toContain(`ReadWritePaths="${join(json.directory, name, 'data')}"`);
      expect(files['/compose.yaml']).toContain(`\n  ${name}:\n`);
    }
    for (const line of ['  read_only: true', '  cap_drop: [ALL]', '  restart: on-failure', '  mem_limit: 2g'])
      expect(files['/compose.yaml']!.split('\n')).toContain(line);
  });

  it('escape what systemd would read otherwise', () => {
    const program = { node: '/opt/no de', packageRoot: '/opt/100%$x', user: undefined };
    const unit = formatUnit('signer-0', 'start', '/srv/a"b', program);
    expect(unit).toContain(
      'ExecStart="/opt/no de" "/opt/100%%$$x/dist/src/cli/main.js" "start" "--home" "/srv/a\\"b"',
    );
    expect(unit).toContain('PrivateTmp=yes');
    expect(unit).not.toContain('User=');
    expect(formatUnit('signer-0', 'start', '/tmp/net/signer-0', program)).not.toContain('PrivateTmp');
  });
});
