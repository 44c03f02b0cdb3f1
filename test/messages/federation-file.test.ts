import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { defaultLimits, epochOf, type Federation, type SignerInfo } from '../../src/messages/federation.ts';
import { federationProblem, formatFederation, parseFederation } from '../../src/messages/federation-file.ts';

const bytes = (length: number, value: number, kind: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i === 0 ? kind : i < 3 ? value >> (8 * (i - 1)) : i) & 255);

const signer = (i: number, region = ''): SignerInfo => ({
  name: `signer-${i}`,
  address: `127.0.0.1:${7100 + i}`,
  url: `http://127.0.0.1:${7200 + i}`,
  region,
  votingKey: bytes(48, i, 1),
  possessionProof: bytes(96, i, 2),
  signingKey: bytes(32, i, 3),
  transportKey: bytes(32, i, 4),
});

const federationOf = (n: number, changes: Partial<Federation> = {}): Federation => ({
  name: 'test',
  signers: Array.from({ length: n }, (_, i) => signer(i)),
  byzantine: Math.floor((n - 1) / 3),
  faulty: Math.floor((n - 1) / 3),
  scheme: 'bls12-381',
  fanout: 2,
  shape: 'balanced',
  regions: [],
  latencyMs: [],
  clientSignatures: 'optional',
  limits: defaultLimits,
  ...changes,
});

const geographic = (n: number): Federation =>
  federationOf(n, {
    shape: 'geographic',
    regions: ['São Paulo (sa-east-1)', 'a "quoted" \\ one'],
    latencyMs: [
      [1, 200],
      [201, 2],
    ],
    signers: Array.from({ length: n }, (_, i) =>
      signer(i, ['São Paulo (sa-east-1)', 'a "quoted" \\ one'][i % 2]),
    ),
  });

/** The file of four signers after a change to its text. */
function answer(change: (text: string) => string, federation = federationOf(4)): string {
  const before = formatFederation(federation);
  const after = change(before);
  expect(after).not.toBe(before);
  const result = parseFederation(after);
  return result.ok ? 'ok' : result.error.message;
}
const line = (key: string, value: string) => (text: string) =>
  text.replace(new RegExp(`^${key} = .*$`, 'm'), `${key} = ${value}`);

const regionName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text) && text.length <= 128);

const anyFederation: fc.Arbitrary<Federation> = fc
  .record({
    n: fc.integer({ min: 1, max: 12 }),
    f: fc.nat(4),
    extra: fc.nat(3),
    fanout: fc.integer({ min: 2, max: 8 }),
    regions: fc.uniqueArray(regionName, { maxLength: 4 }),
    name: regionName,
    latency: fc.array(fc.nat(60_000), { minLength: 16, maxLength: 16 }),
    required: fc.boolean(),
    window: fc.integer({ min: 2, max: 4096 }),
    leaderTerm: fc.integer({ min: 2, max: 1000 }),
  })
  .map(({ n, f, extra, regions, latency, window, leaderTerm, ...rest }) =>
    federationOf(n, {
      name: rest.name,
      fanout: rest.fanout,
      clientSignatures: rest.required ? 'required' : 'optional',
      byzantine: f,
      faulty: f + extra,
      shape: regions.length > 0 ? 'geographic' : 'balanced',
      regions,
      latencyMs: regions.map((_, i) => regions.map((_, j) => latency[4 * i + j]!)),
      signers: Array.from({ length: n }, (_, i) => signer(i, regions[i % regions.length] ?? '')),
      limits: { ...defaultLimits, window, leaderTerm },
    }),
  );

describe('federation file', () => {
  it('gives back every sound federation, and refuses every other one', () => {
    let sound = 0;
    fc.assert(
      fc.property(anyFederation, (federation) => {
        const parsed = parseFederation(formatFederation(federation));
        const { byzantine: f, faulty: t } = federation;
        const n = federation.signers.length;
        // The rule in words: any two quorums share an honest signer.
        const fits = n - t - (n - (n - t)) > f;
        expect(parsed.ok).toBe(fits);
        if (!parsed.ok) return;
        sound += 1;
        expect(Math.floor((n - t - 1) / 2) - f).toBeGreaterThanOrEqual(0);
        expect(parsed.value).toEqual(federation);
        expect(epochOf(parsed.value)).toBe(epochOf(federation));
      }),
      { numRuns: 200 },
    );
    expect(sound).toBeGreaterThan(20);
  });

  it('has an epoch that depends on values alone', () => {
    const federation = geographic(4);
    const text = formatFederation(federation);
    const plain = text.replace(/^#.*$/gm, '').replace(/ = /g, '=').replace(/\n\n+/g, '\n');
    const json = JSON.stringify(asFileObject(federation), null, 2);
    const toml = stringify(asFileObject(federation));
    for (const other of [plain, json, ` \n${json}`, toml]) {
      const parsed = parseFederation(other);
      expect(parsed).toMatchObject({ ok: true });
      if (parsed.ok) expect(epochOf(parsed.value)).toBe(epochOf(federation));
    }
    const changed = parseFederation(text.replace('window = 1024', 'window = 1025'));
    if (!changed.ok) throw new Error(changed.error.message);
    expect(epochOf(changed.value)).not.toBe(epochOf(federation));
  });

  it.each([
    [
      'faulty',
      '2',
      'faulty: two quorums of 2 among 4 signers may share no honest one, expected 2 * (signers - faulty) > signers + byzantine',
    ],
    ['byzantine', '2', 'faulty: expected at least byzantine (2), found 1'],
    ['byzantine', '-1', 'byzantine: expected a whole number from 0 to 4096, found -1'],
    ['fanout', '1', 'fanout: expected a whole number from 2 to 4096, found 1'],
    ['shape', '"star"', 'shape: expected "balanced" or "geographic", found "star"'],
    ['shape', '"geographic"', 'signers[0].region: missing, expected a region when the shape is "geographic"'],
    ['leader_term', '1', 'limits.leader_term: expected a whole number from 2 to 65536, found 1'],
    ['window', '100000', 'limits.window: expected a whole number from 2 to 8192, found 100000'],
    [
      'batch_bytes_max',
      '65536',
      'limits.batch_bytes_max: expected at least 436224, so that the largest transaction fits in a batch, found 65536',
    ],
    ['signing_key', '"abcd"', 'signers[0].signing_key: expected 64 hex digits'],
    [
      'address',
      '"localhost"',
      'signers[0].address: expected host:port, as in signer.example:7100, found "localhost"',
    ],
    [
      'url',
      '"http://h:7200/v1"',
      'signers[0].url: expected a URL without a path, as in http://signer.example:7200, found "http://h:7200/v1"',
    ],
    ['name', '""', 'name: expected text of 1 to 128 characters on one line, found ""'],
  ])('refuses %s = %s', (key, value, expected) => {
    expect(answer(line(key, value))).toBe(`federation.toml: ${expected}`);
  });

  it('names the field of the signer at fault', () => {
    const third = (text: string) => text.split('# Signer 2')[0]!.length;
    const inThird = (from: RegExp, to: string) => (text: string) =>
      text.slice(0, third(text)) + text.slice(third(text)).replace(from, to);
    expect(answer(inThird(/signing_key = "../, 'signing_key = "'))).toBe(
      'federation.toml: signers[2].signing_key: expected 64 hex digits',
    );
    expect(answer(inThird(/^name = .*$/m, ''))).toBe(
      'federation.toml: signers[2].name: missing, expected a name of letters, digits, ".", "_" or "-", at most 64',
    );
    expect(answer(inThird(/signer-2/, '../../etc'))).toMatch(
      /^federation.toml: signers\[2\]\.name: expected a name/,
    );
    expect(answer(inThird(/^url = /m, 'uri = '))).toBe('federation.toml: signers[2].uri: unknown field');
  });

  it.each([
    ['name', { name: 'signer-1' }],
    ['address', { address: '127.0.0.1:7101' }],
    ['url', { url: 'http://127.0.0.1:7201' }],
    ['voting_key', { votingKey: signer(1).votingKey }],
    ['signing_key', { signingKey: signer(1).signingKey }],
    ['transport_key', { transportKey: signer(1).transportKey }],
  ])('refuses two signers with one %s', (key, same) => {
    const federation = federationOf(4);
    const signers = federation.signers.map((one, i) => (i === 3 ? { ...one, ...same } : one));
    expect(federationProblem({ ...federation, signers })).toBe(
      `signers[3].${key}: the same as signers[1].${key}`,
    );
  });

  it('refuses a matrix that does not fit, and unknown regions', () => {
    const good = geographic(4);
    expect(federationProblem(good)).toBeUndefined();
    expect(federationProblem({ ...good, latencyMs: [[1, 2]] })).toBe(
      'latency_ms: expected 2 rows, one for each region, found 1',
    );
    expect(federationProblem({ ...good, latencyMs: [[1, 2], [1]] })).toBe(
      'latency_ms[1]: expected 2 values, one for each region, found 1',
    );
    expect(federationProblem({ ...good, regions: ['a', 'a'] })).toBe('regions: expected distinct names');
    const moved = good.signers.map((one, i) => (i === 1 ? { ...one, region: 'mars' } : one));
    expect(federationProblem({ ...good, signers: moved })).toBe(
      'signers[1].region: expected one of regions, found "mars"',
    );
    expect(federationProblem({ ...good, shape: 'balanced', signers: moved })).toBe(
      'signers[1].region: expected one of regions, found "mars"',
    );
    expect(answer(line('latency_ms', '[[1, 2], [3, -4]]\nx = ['), good)).toMatch(/^federation.toml: /);
  });

  it('refuses no signers at all', () => {
    expect(federationProblem(federationOf(0, { byzantine: 0, faulty: 0 }))).toBe(
      'signers: expected at least one',
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((text) => `{"signers": ${text}}`),
        ),
        (text) => {
          const result = parseFederation(text);
          if (!result.ok) expect(result.error.message).toMatch(/^federation\.toml: [^\n]+$/);
        },
      ),
    );
  });
});

/** The file's shape as a plain object, written down a second time, independent of the formatter. */
function asFileObject(federation: Federation) {
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const convert = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return toHex(value).toUpperCase();
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), convert(inner)]));
  };
  return convert(federation) as Record<string, unknown>;
}
