/**
 * Configuration files. A person wrote them, so a mistake is answered with one line that names the file,
 * the field and what was expected: `federation.toml: signers[2].signing_key: expected 64 hex digits`.
 *
 * Rules:
 * 1. Unknown fields are refused: a misspelt field would otherwise silently mean its default.
 * 2. Each field carries its own expectation; what was found is shown only where it cannot be a secret.
 * 3. One problem at a time: an unknown field first (it explains the missing one), else the first in order.
 */

import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';
import { fromHex } from '../base/bytes.ts';
import { accept, type Result, refuse } from '../base/result.ts';

/** A configuration file is refused beyond this many characters, before it is parsed. */
export const configCharactersMax = 32 << 20;

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** A found value as an error shows it: scalars only, and short. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a table';
  const text = oneLine(JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

/** A field that must satisfy `test`. @param expected completes "expected ...". */
export const field = <T>(expected: string, test: (value: unknown) => boolean): z.ZodType<T> =>
  z.custom<T>(test, {
    error: (issue) =>
      issue.input === undefined
        ? `missing, expected ${expected}`
        : `expected ${expected}, found ${shown(issue.input)}`,
  });

export const wholeNumber = (min: number, max: number): z.ZodType<number> =>
  field(
    `a whole number from ${min} to ${max}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  );

/** Text without control characters or unpaired surrogates, `min` to `max` characters. */
export const line = (min: number, max: number): z.ZodType<string> =>
  field(
    `text of ${min} to ${max} characters on one line`,
    (value) =>
      typeof value === 'string' &&
      value.length >= min &&
      value.length <= max &&
      !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value),
  );

export const oneOf = <T extends string>(...choices: readonly T[]): z.ZodType<T> =>
  field(choices.map((choice) => `"${choice}"`).join(' or '), (value) => choices.includes(value as T));

/** Bytes as lower- or upper-case hex. The found value is never shown: it may be a secret. */
export function hexBytes(bytesMin: number, bytesMax: number): z.ZodType<Uint8Array, unknown> {
  const expected =
    bytesMin === bytesMax ? `${2 * bytesMin} hex digits` : `${2 * bytesMin} to ${2 * bytesMax} hex digits`;
  return z
    .custom<string>(
      (value) =>
        typeof value === 'string' &&
        value.length % 2 === 0 &&
        value.length >= 2 * bytesMin &&
        value.length <= 2 * bytesMax &&
        /^[0-9a-f]*$/i.test(value),
      {
        error: (issue) =>
          issue.input === undefined ? `missing, expected ${expected}` : `expected ${expected}`,
      },
    )
    .transform(fromHex);
}

const host = '(?:[A-Za-z0-9_.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])';
const hostAndPort = new RegExp(`^(${host}):([0-9]{1,5})$`);
const httpUrl = new RegExp(`^https?://(${host})(?::([0-9]{1,5}))?$`);

/** The pattern bounds the characters; the URL parser knows names, IPv4 and IPv6 addresses. */
function matchesHost(text: unknown, pattern: RegExp, portMin = 1): boolean {
  const match = typeof text === 'string' ? pattern.exec(text) : null;
  if (!match || !URL.canParse(`http://${match[1]}`)) return false;
  return match[2] === undefined || (Number(match[2]) >= portMin && Number(match[2]) <= 65535);
}

/** `host:port`, the host a name, an IPv4 address, or an IPv6 address in brackets. */
export const address: z.ZodType<string> = field('host:port, as in signer.example:7100', (value) =>
  matchesHost(value, hostAndPort),
);

/** Where to listen. Port 0 lets the system choose. */
export interface ListenAddress {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port` that an address field accepted. */
export function splitAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** True for addresses that only processes of the same machine can reach. */
export const isLoopback = ({ host }: ListenAddress): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d+){3}$/.test(host);

export const listenAddress: z.ZodType<ListenAddress, unknown> = field<string>(
  'host:port to listen on, as in 0.0.0.0:7100',
  (value) => matchesHost(value, hostAndPort, 0),
).transform(splitAddress);

/** `http://host:port` or `https://host:port`, without a path. */
export const baseUrl: z.ZodType<string> = field(
  'a URL without a path, as in http://signer.example:7200',
  (value) => matchesHost(value, httpUrl),
);

/** A path in zod's form as a person writes it: `signers[2].signing_key`. */
export const fieldName = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );

function explain(issue: z.core.$ZodIssue): string {
  const at = (path: readonly PropertyKey[], text: string): string =>
    path.length === 0 ? text : `${fieldName(path)}: ${text}`;
  switch (issue.code) {
    case 'unrecognized_keys':
      return at([...issue.path, issue.keys[0] ?? ''], 'unknown field');
    case 'invalid_type':
      return at(issue.path, `expected ${issue.expected === 'array' ? 'a list' : 'a table'}`);
    default:
      return at(issue.path, issue.message);
  }
}

function readText(text: string, file: string, json: boolean): Result<unknown> {
  try {
    return accept(json ? JSON.parse(text) : parseToml(text));
  } catch (error) {
    if (error instanceof TomlError) {
      const first = error.message.split('\n')[0]!.replace('Invalid TOML document: ', '');
      return refuse(
        'CONFIG_SYNTAX',
        `${file}: line ${error.line}, column ${error.column}: ${oneLine(first)}`,
      );
    }
    return refuse(
      'CONFIG_SYNTAX',
      `${file}: ${oneLine(error instanceof Error ? error.message : String(error))}`,
    );
  }
}

/**
 * Parses a configuration file and checks it against a schema.
 * @param file name for the error line, not opened here.
 * @param json whether text that starts with `{` is JSON; TOML otherwise.
 */
export function parseConfig<T>(
  text: string,
  file: string,
  schema: z.ZodType<T, unknown>,
  json = false,
): Result<T> {
  if (text.length > configCharactersMax)
    return refuse('CONFIG_SIZE', `${file}: expected at most ${configCharactersMax} characters`);
  const value = readText(text, file, json && text.trimStart().startsWith('{'));
  if (!value.ok) return value;
  const checked = schema.safeParse(value.value);
  if (checked.success) return accept(checked.data);
  const { issues } = checked.error;
  const first = issues.find((issue) => issue.code === 'unrecognized_keys') ?? issues[0]!;
  return refuse('CONFIG_INVALID', `${file}: ${explain(first)}`);
}
