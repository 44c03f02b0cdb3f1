/**
 * The federation file: what every signer, learner and client must hold in common (protocol section 1).
 * TOML for people, or JSON in the same shape; both give the same values, and the epoch is a digest of
 * the values, so comments and formatting never change it.
 *
 * Rules:
 * 1. Every field that the epoch covers stands in the file. Nothing has a default that a later version
 *    could change under a running federation.
 * 2. `t >= f` and `2q > n + f` with `q = n - t`. Then `q > 2f`, so the slack `floor((q - 1) / 2) - f`
 *    is never negative.
 * 3. Names, addresses and keys are distinct: two entries with one key would let one machine vote twice.
 * 4. The largest transaction that the limits admit fits in a batch.
 *
 * Proofs of possession are checked by the scheme, when it is given the keys.
 */

import { z } from 'zod';
import { toHex } from '../base/bytes.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { address, baseUrl, field, hexBytes, line, oneOf, parseConfig, wholeNumber } from './config-file.ts';
import type { Federation, FederationLimits, SignerInfo } from './federation.ts';
import {
  afterMax,
  batchTransactionsMax,
  bodyBytesMax,
  dependenciesMax,
  dependencyBytesMax,
  entriesMax,
  frameBytesMax,
  signersMax,
} from './limits.ts';

const hourMs = 3_600_000;
/** Room in a batch beside bodies, dependencies and `after`: fixed fields, length prefixes, signatures. */
const batchOverheadBytes = 1024;
const afterEntryBytes = 40;

const limitsFields = z.strictObject({
  window: wholeNumber(2, afterMax),
  batch_bytes_max: wholeNumber(4096, frameBytesMax / 2),
  batch_transactions_max: wholeNumber(1, batchTransactionsMax),
  body_bytes_max: wholeNumber(1, bodyBytesMax),
  dependencies_max: wholeNumber(1, dependenciesMax),
  leader_term: wholeNumber(2, 1 << 16),
  checkpoint_after_ms: wholeNumber(10, hourMs),
  checkpoint_batches: wholeNumber(1, entriesMax),
  freeze_after_ms: wholeNumber(10, hourMs),
  view_timeout_ms: wholeNumber(10, hourMs),
  level_timeout_ms: wholeNumber(1, 60_000),
});

const signerName = field<string>(
  'a name of letters, digits, ".", "_" or "-", at most 64',
  (value) => typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value),
);

const signerFields = z.strictObject({
  name: signerName,
  address,
  url: baseUrl,
  region: line(0, 128).optional(),
  voting_key: hexBytes(32, 2048),
  possession_proof: hexBytes(32, 4096),
  signing_key: hexBytes(32, 32),
  transport_key: hexBytes(32, 32),
});

const federationFields = z.strictObject({
  name: line(1, 128),
  scheme: line(1, 64),
  byzantine: wholeNumber(0, signersMax),
  faulty: wholeNumber(0, signersMax),
  fanout: wholeNumber(2, signersMax),
  shape: oneOf('balanced', 'geographic'),
  client_signatures: oneOf('optional', 'required'),
  regions: z.array(line(1, 128)).optional(),
  latency_ms: z.array(z.array(wholeNumber(0, 60_000))).optional(),
  limits: limitsFields,
  signers: z.array(signerFields),
});

type LimitsFields = z.output<typeof limitsFields>;
type SignerFields = z.output<typeof signerFields>;

const toLimits = (fields: LimitsFields): FederationLimits => ({
  window: fields.window,
  batchBytesMax: fields.batch_bytes_max,
  batchTransactionsMax: fields.batch_transactions_max,
  bodyBytesMax: fields.body_bytes_max,
  dependenciesMax: fields.dependencies_max,
  leaderTerm: fields.leader_term,
  checkpointAfterMs: fields.checkpoint_after_ms,
  checkpointBatches: fields.checkpoint_batches,
  freezeAfterMs: fields.freeze_after_ms,
  viewTimeoutMs: fields.view_timeout_ms,
  levelTimeoutMs: fields.level_timeout_ms,
});

const toSigner = (fields: SignerFields): SignerInfo => ({
  name: fields.name,
  address: fields.address,
  url: fields.url,
  region: fields.region ?? '',
  votingKey: fields.voting_key,
  possessionProof: fields.possession_proof,
  signingKey: fields.signing_key,
  transportKey: fields.transport_key,
});

const toFederation = (fields: z.output<typeof federationFields>): Federation => ({
  name: fields.name,
  signers: fields.signers.map(toSigner),
  byzantine: fields.byzantine,
  faulty: fields.faulty,
  scheme: fields.scheme,
  fanout: fields.fanout,
  shape: fields.shape,
  regions: fields.regions ?? [],
  latencyMs: fields.latency_ms ?? [],
  clientSignatures: fields.client_signatures,
  limits: toLimits(fields.limits),
});

/** The first rule of section 1 that the fault numbers break, or undefined. */
function faultsProblem({ signers, byzantine: f, faulty: t }: Federation): string | undefined {
  const n = signers.length;
  if (n < 1) return 'signers: expected at least one';
  if (n > signersMax) return `signers: expected at most ${signersMax}, found ${n}`;
  if (t < f) return `faulty: expected at least byzantine (${f}), found ${t}`;
  if (2 * (n - t) <= n + f)
    return (
      `faulty: two quorums of ${n - t} among ${n} signers may share no honest one, ` +
      `expected 2 * (signers - faulty) > signers + byzantine`
    );
  return undefined;
}

/** What must differ between any two signers: the field's name in the file, and its value as text. */
const identities: readonly (readonly [string, (signer: SignerInfo) => string])[] = [
  ['name', (signer) => signer.name],
  ['address', (signer) => signer.address.toLowerCase()],
  ['url', (signer) => signer.url.toLowerCase()],
  ['voting_key', (signer) => toHex(signer.votingKey)],
  ['signing_key', (signer) => toHex(signer.signingKey)],
  ['transport_key', (signer) => toHex(signer.transportKey)],
];

function identityProblem({ signers }: Federation): string | undefined {
  for (const [name, identityOf] of identities) {
    const first = new Map<string, number>();
    for (const [i, signer] of signers.entries()) {
      const value = identityOf(signer);
      const other = first.get(value);
      if (other !== undefined) return `signers[${i}].${name}: the same as signers[${other}].${name}`;
      first.set(value, i);
    }
  }
  return undefined;
}

function geographyProblem({ shape, regions, latencyMs, signers }: Federation): string | undefined {
  const known = new Set(regions);
  if (known.size !== regions.length) return 'regions: expected distinct names';
  if (latencyMs.length !== regions.length)
    return `latency_ms: expected ${regions.length} rows, one for each region, found ${latencyMs.length}`;
  for (const [i, row] of latencyMs.entries())
    if (row.length !== regions.length)
      return `latency_ms[${i}]: expected ${regions.length} values, one for each region, found ${row.length}`;
  for (const [i, { region }] of signers.entries()) {
    if (region === '' && shape === 'geographic')
      return `signers[${i}].region: missing, expected a region when the shape is "geographic"`;
    if (region !== '' && !known.has(region))
      return `signers[${i}].region: expected one of regions, found ${JSON.stringify(region)}`;
  }
  return undefined;
}

function limitsProblem({ limits }: Federation): string | undefined {
  const needed =
    limits.bodyBytesMax +
    limits.dependenciesMax * (dependencyBytesMax + 4) +
    limits.window * afterEntryBytes +
    batchOverheadBytes;
  return limits.batchBytesMax < needed
    ? `limits.batch_bytes_max: expected at least ${needed}, so that the largest transaction fits in a batch, found ${limits.batchBytesMax}`
    : undefined;
}

/**
 * The first rule that a federation breaks, as `field: what was expected`, or undefined when it is sound.
 * For federations that were built in memory; `parseFederation` applies it too.
 */
export const federationProblem = (federation: Federation): string | undefined =>
  faultsProblem(federation) ??
  identityProblem(federation) ??
  geographyProblem(federation) ??
  limitsProblem(federation);

/**
 * Reads a federation file, TOML or JSON.
 * @param file its name, for the error line: `<file>: <field>: <what was expected>`.
 */
export function parseFederation(text: string, file = 'federation.toml'): Result<Federation> {
  const parsed = parseConfig(text, file, federationFields, true);
  if (!parsed.ok) return parsed;
  const federation = toFederation(parsed.value);
  const problem = federationProblem(federation);
  return problem === undefined ? accept(federation) : refuse('FEDERATION_INVALID', `${file}: ${problem}`);
}

/** A TOML basic string. JSON's escapes are TOML's; the schema admits no control characters. */
const quoted = (text: string): string => JSON.stringify(text);

function formatGeography({ regions, latencyMs }: Federation): string[] {
  if (regions.length === 0) return [];
  return [
    '# Round-trip times between regions in milliseconds, one row for each region, in the same order.',
    'regions = [',
    ...regions.map((region) => `  ${quoted(region)},`),
    ']',
    'latency_ms = [',
    ...latencyMs.map((row) => `  [${row.join(', ')}],`),
    ']',
    '',
  ];
}

const formatLimits = (limits: FederationLimits): string[] => [
  '[limits]',
  '# Uncommitted batches that one signer may have under way.',
  `window = ${limits.window}`,
  `batch_bytes_max = ${limits.batchBytesMax}`,
  `batch_transactions_max = ${limits.batchTransactionsMax}`,
  `body_bytes_max = ${limits.bodyBytesMax}`,
  `dependencies_max = ${limits.dependenciesMax}`,
  '# Views that a leader of phase 3 has before the next one takes over.',
  `leader_term = ${limits.leaderTerm}`,
  '# A block is due after this time, or after this many batches on one dependency.',
  `checkpoint_after_ms = ${limits.checkpointAfterMs}`,
  `checkpoint_batches = ${limits.checkpointBatches}`,
  '# No new batch on a dependency that has not become final for this long.',
  `freeze_after_ms = ${limits.freezeAfterMs}`,
  '# First length of the timers of phase 3 and of one level of a tree.',
  `view_timeout_ms = ${limits.viewTimeoutMs}`,
  `level_timeout_ms = ${limits.levelTimeoutMs}`,
  '',
];

const formatSigner = (signer: SignerInfo, index: number): string[] => [
  `# Signer ${index}`,
  '[[signers]]',
  `name = ${quoted(signer.name)}`,
  `address = ${quoted(signer.address)}`,
  `url = ${quoted(signer.url)}`,
  ...(signer.region === '' ? [] : [`region = ${quoted(signer.region)}`]),
  `voting_key = "${toHex(signer.votingKey)}"`,
  `possession_proof = "${toHex(signer.possessionProof)}"`,
  `signing_key = "${toHex(signer.signingKey)}"`,
  `transport_key = "${toHex(signer.transportKey)}"`,
  '',
];

/** Why some values are what they are: comments, for whoever reads the file. One line each. */
export interface FederationReasons {
  readonly scheme?: string;
  readonly fanout?: string;
}

const because = (reason: string | undefined): string[] => (reason === undefined ? [] : [`# Why: ${reason}.`]);

/** A federation as a commented TOML file. `parseFederation` gives the same federation back. */
export const formatFederation = (federation: Federation, reasons: FederationReasons = {}): string =>
  [
    '# The federation: the same file for every signer, learner and client. Its values (not its comments',
    '# or formatting) give the epoch, which everything signed carries: change one value, and it is another',
    '# federation.',
    `name = ${quoted(federation.name)}`,
    '# How votes and blocks are signed. "ed25519-list": a list of single signatures. "bls12-381": one',
    '# aggregate, whatever the number of signers.',
    ...because(reasons.scheme),
    `scheme = ${quoted(federation.scheme)}`,
    '# At most `byzantine` signers lie, at most `faulty` are faulty in any way (the liars included).',
    `byzantine = ${federation.byzantine}`,
    `faulty = ${federation.faulty}`,
    '# Children of a tree node; "geographic" groups siblings by region.',
    ...because(reasons.fanout),
    `fanout = ${federation.fanout}`,
    `shape = ${quoted(federation.shape)}`,
    '# Whether every transaction must carry a signature of its client.',
    `client_signatures = ${quoted(federation.clientSignatures)}`,
    '',
    ...formatGeography(federation),
    ...formatLimits(federation.limits),
    ...federation.signers.flatMap(formatSigner),
  ].join('\n');
