/**
 * Arrival files: who accepted what in which order, written by hand.
 *
 *   signers 4 byzantine 1 faulty 1     # the last two default to floor((n - 1) / 3)
 *   keys T a                           # dependencies of a batch; `*` = everything, nothing = independent
 *   s1: T U W                          # arrival order at a signer; left out = never arrived there
 *   s4 to T: U                         # a liar: what it claims to have accepted before T
 *
 * Lines may come in any order; `#` starts a comment. A claim is a vote on its batch, whatever the
 * signer's own line says, and need not name conflicting batches: a vote is what was signed.
 */

import { type BatchId, type SignerId, signerId, type TransactionId } from '../../base/ids.ts';
import { accept, type Refusal, type Result, refuse } from '../../base/result.ts';
import type { BatchKeys } from '../../dependency/keys.ts';
import { signersMax } from '../../messages/limits.ts';
import { defaultFaults, type Quorum, quorumOf } from '../../ordering/quorum.ts';

export interface Arrivals {
  readonly quorum: Quorum;
  /** The batches and what they conflict on, in the file's order; a name stands for the id. */
  readonly batches: ReadonlyMap<BatchId, BatchKeys>;
  /** Arrival order at each signer, by its number from 0; without those that have no line. */
  readonly lines: ReadonlyMap<SignerId, readonly BatchId[]>;
  /** By batch and signer: what a liar claims to have accepted before the batch. */
  readonly claims: ReadonlyMap<BatchId, ReadonlyMap<SignerId, readonly BatchId[]>>;
}

/** One line without its comment. */
interface Statement {
  readonly number: number;
  readonly text: string;
}

/** Makes a refusal that names a line of the file. */
const refuseLine = (line: Statement, message: string): { ok: false; error: Refusal } =>
  refuse('ARRIVALS', `line ${line.number}: ${message}`);

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const batchName = /^[^\s:#*]+$/;

/** Reads `signers N [byzantine F] [faulty T]`. */
function parseHeader(line: Statement): Result<Quorum> {
  const [, ...rest] = words(line.text);
  const values = new Map<string, number>();
  const fields = ['signers', ...rest];
  for (let i = 0; i < fields.length; i += 2) {
    const field = fields[i]!;
    const value = fields[i + 1];
    if (!['signers', 'byzantine', 'faulty'].includes(field))
      return refuseLine(line, `unknown field \`${field}\`, expected \`byzantine\` or \`faulty\``);
    if (values.has(field)) return refuseLine(line, `\`${field}\` is given twice`);
    if (value === undefined || !/^\d{1,9}$/.test(value))
      return refuseLine(line, `\`${field}\` must be followed by a number, not \`${value ?? ''}\``);
    values.set(field, Number(value));
  }
  const n = values.get('signers')!;
  if (n > signersMax) return refuseLine(line, `at most ${signersMax} signers, not ${n}`);
  const quorum = quorumOf(
    n,
    values.get('byzantine') ?? defaultFaults(n),
    values.get('faulty') ?? defaultFaults(n),
  );
  return quorum.ok ? quorum : refuseLine(line, quorum.error.message);
}

/** Reads `keys NAME dependency...` into the batch's conflict keys. */
function parseKeys(line: Statement, known: Map<BatchId, BatchKeys>): Refusal | undefined {
  const [, name, ...dependencies] = words(line.text);
  if (name === undefined || !batchName.test(name))
    return refuseLine(line, '`keys` needs the name of a batch, without `:`, `*` or `#`').error;
  if (known.has(name as BatchId)) return refuseLine(line, `batch \`${name}\` has keys already`).error;
  const wildcard = dependencies.includes('*');
  const explicit = new Set(dependencies.filter((dependency) => dependency !== '*'));
  known.set(name as BatchId, {
    dependencies: [...explicit].map((dependency) => `d${dependency}`),
    transactions: [name as TransactionId],
    slot: `n${name}`,
    wildcard,
    explicit: wildcard || explicit.size > 0,
  });
  return undefined;
}

/** Reads a list of batch names, each known and named once. */
function parseList(
  line: Statement,
  text: string,
  known: ReadonlyMap<BatchId, unknown>,
): Result<readonly BatchId[]> {
  const names = words(text) as BatchId[];
  const seen = new Set<BatchId>();
  for (const name of names) {
    if (!known.has(name))
      return refuseLine(line, `batch \`${name}\` is not known, expected a line \`keys ${name} ...\``);
    if (seen.has(name)) return refuseLine(line, `batch \`${name}\` is named twice`);
    seen.add(name);
  }
  return accept(names);
}

const signerLine = /^s(\d{1,9})(?:\s+to\s+([^\s:]+))?\s*:(.*)$/;

interface Votes {
  readonly lines: Map<SignerId, readonly BatchId[]>;
  readonly claims: Map<BatchId, Map<SignerId, readonly BatchId[]>>;
}

/** Reads `sN: ...` or `sN to T: ...` into the votes. */
function parseSigner(
  line: Statement,
  n: number,
  known: ReadonlyMap<BatchId, unknown>,
  votes: Votes,
): Refusal | undefined {
  const [, digits, target, list] = signerLine.exec(line.text) ?? [];
  if (digits === undefined)
    return refuseLine(line, 'expected `signers N ...`, `keys T ...`, `s1: T U ...` or `s1 to T: U ...`')
      .error;
  const number = Number(digits);
  if (number < 1 || number > n) return refuseLine(line, `signers are s1 to s${n}, not s${digits}`).error;
  const signer = signerId(number - 1);
  const names = parseList(line, list ?? '', known);
  if (!names.ok) return names.error;
  if (target === undefined) {
    if (votes.lines.has(signer)) return refuseLine(line, `s${number} has a line already`).error;
    votes.lines.set(signer, names.value);
    return undefined;
  }
  const batch = target as BatchId;
  if (!known.has(batch))
    return refuseLine(line, `batch \`${batch}\` is not known, expected a line \`keys ${batch} ...\``).error;
  if (names.value.includes(batch))
    return refuseLine(line, `a vote on \`${batch}\` cannot list \`${batch}\``).error;
  const claims = votes.claims.get(batch) ?? new Map<SignerId, readonly BatchId[]>();
  if (claims.has(signer)) return refuseLine(line, `s${number} to ${batch} is given already`).error;
  votes.claims.set(batch, claims.set(signer, names.value));
  return undefined;
}

/** Parses an arrival file. A refusal names the line and says what was expected. */
export function parseArrivals(text: string): Result<Arrivals> {
  const statements: Statement[] = text
    .split(/\r\n|\r|\n/)
    .map((line, i) => ({ number: i + 1, text: line.replace(/#.*$/, '').trim() }))
    .filter((line) => line.text !== '');
  const isHeader = (line: Statement): boolean => /^signers(\s|$)/.test(line.text);
  const isKeys = (line: Statement): boolean => /^keys(\s|$)/.test(line.text);
  const [header, second] = statements.filter(isHeader);
  if (!header) return refuse('ARRIVALS', 'there is no line `signers N [byzantine F] [faulty T]`');
  if (second) return refuseLine(second, `\`signers\` stands on line ${header.number} already`);
  const quorum = parseHeader(header);
  if (!quorum.ok) return quorum;
  const batches = new Map<BatchId, BatchKeys>();
  for (const line of statements.filter(isKeys)) {
    const error = parseKeys(line, batches);
    if (error) return { ok: false, error };
  }
  const lines = new Map<SignerId, readonly BatchId[]>();
  const claims = new Map<BatchId, Map<SignerId, readonly BatchId[]>>();
  for (const line of statements) {
    if (isHeader(line) || isKeys(line)) continue;
    const error = parseSigner(line, quorum.value.n, batches, { lines, claims });
    if (error) return { ok: false, error };
  }
  return accept({ quorum: quorum.value, batches, lines, claims });
}
