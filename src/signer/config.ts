/**
 * A signer's home directory: `signer.toml` for what is local to this machine, `keys.toml` for the one
 * secret, and a path to the federation file, which is the same for everybody. Nothing starts on a home
 * that does not fit together: the keys must be those of a signer of the federation, and every key of the
 * federation must be sound, its proof of possession included (protocol sections 1 and 10).
 *
 * All errors are one line that names the file, the field and what was expected. Relative paths are
 * relative to the home.
 */

import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { equalBytes } from '../base/bytes.ts';
import { type Epoch, type SignerId, signerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { deriveSignerKeys, publicKeysOf, rootSeedBytes, type SignerKeys } from '../crypto/keys.ts';
import type { MultiSignatureScheme, SchemeProvider, SchemeSigner } from '../crypto/scheme.ts';
import { providerOf } from '../crypto/schemes.ts';
import { nodeSchemes } from '../crypto/schemes-node.ts';
import { checkFederationKeys } from '../crypto/verify-federation.ts';
import {
  hexBytes,
  isLoopback,
  type ListenAddress,
  line,
  listenAddress,
  oneOf,
  parseConfig,
  wholeNumber,
} from '../messages/config-file.ts';
import { epochOf, type Federation } from '../messages/federation.ts';
import { parseFederation } from '../messages/federation-file.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Bounds on what clients may have waiting at this signer (protocol section 9, overload). */
export interface AdmissionLimits {
  /** Bytes of transactions that wait for a batch, all clients together. */
  readonly queueBytesMax: number;
  /** Transactions of one client that are accepted and not final. */
  readonly outstandingPerClientMax: number;
}

export const defaultAdmission: AdmissionLimits = {
  queueBytesMax: 64 << 20,
  outstandingPerClientMax: 4096,
};

/** Which pre-consensus check of bodies a signer runs: none, or that of the built-in document database. */
export type CheckKind = 'none' | 'documents';

export interface SignerHome {
  /** Absolute, as are the other paths. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly federation: Federation;
  readonly epoch: Epoch;
  /** The signer whose keys these are. */
  readonly self: SignerId;
  readonly keys: SignerKeys;
  /** Signs votes and blocks with the voting key. */
  readonly votingKey: SchemeSigner;
  /** Over the federation's voting keys, all of them verified. */
  readonly scheme: MultiSignatureScheme;
  readonly listen: {
    /** Other signers. */
    readonly peers: ListenAddress;
    /** Clients and learners. */
    readonly http: ListenAddress;
    /** Health and metrics, loopback only. */
    readonly metrics: ListenAddress;
  };
  readonly logLevel: LogLevel;
  readonly check: CheckKind;
  readonly admission: AdmissionLimits;
  /** One line each: nothing that stops the signer, but that its operator should know. */
  readonly warnings: readonly string[];
}

const signerFields = z.strictObject({
  federation: line(1, 4096),
  data: line(1, 4096).optional(),
  log_level: oneOf<LogLevel>('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').optional(),
  check: oneOf<CheckKind>('none', 'documents').optional(),
  listen: z.strictObject({ peers: listenAddress, http: listenAddress, metrics: listenAddress }),
  admission: z
    .strictObject({
      queue_bytes_max: wholeNumber(1 << 16, 2 ** 40).optional(),
      outstanding_per_client_max: wholeNumber(1, 1 << 24).optional(),
    })
    .optional(),
});

const keysFields = z.strictObject({ root_seed: hexBytes(rootSeedBytes, rootSeedBytes) });

/** A file's text, or a refusal that names the file. */
function readText(path: string): Result<string> {
  try {
    return accept(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return refuse(
      'CONFIG_UNREADABLE',
      code === 'ENOENT' ? `${path}: there is no such file` : `${path}: cannot be read (${code})`,
    );
  }
}

function read<T>(path: string, parse: (text: string) => Result<T>): Result<T> {
  const text = readText(path);
  return text.ok ? parse(text.value) : text;
}

/** Whether others than its owner may read a file; systems without such modes say no. */
const isOpenToOthers = (path: string): boolean =>
  process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0;

/** The signer of the federation that has exactly the public keys of a root seed. */
function ownerOf(
  rootSeed: Uint8Array,
  federation: Federation,
  provider: SchemeProvider,
): SignerId | undefined {
  const own = publicKeysOf(rootSeed, provider);
  const index = federation.signers.findIndex(
    (signer) =>
      equalBytes(signer.signingKey, own.signingKey) &&
      equalBytes(signer.votingKey, own.votingKey) &&
      equalBytes(signer.transportKey, own.transportKey),
  );
  return index < 0 ? undefined : signerId(index);
}

/** Reads and checks a signer's home. */
export function loadSignerHome(home: string): Result<SignerHome> {
  const directory = resolve(home);
  const configPath = join(home, 'signer.toml');
  const config = read(configPath, (text) => parseConfig(text, configPath, signerFields));
  if (!config.ok) return config;
  const { listen, admission } = config.value;
  if (!isLoopback(listen.metrics))
    return refuse(
      'CONFIG_INVALID',
      `${configPath}: listen.metrics: expected a loopback address, as in 127.0.0.1:7300`,
    );
  const federationPath = resolve(directory, config.value.federation);
  const federation = read(federationPath, (text) => parseFederation(text, federationPath));
  if (!federation.ok) return federation;
  const found = providerOf(federation.value.scheme, nodeSchemes);
  if (!found.ok) return refuse(found.error.code, `${federationPath}: ${found.error.message}`);
  const provider = found.value;
  const scheme = checkFederationKeys(federation.value, provider);
  if (!scheme.ok) return refuse(scheme.error.code, `${federationPath}: ${scheme.error.message}`);
  const keysPath = join(home, 'keys.toml');
  const secret = read(keysPath, (text) => parseConfig(text, keysPath, keysFields));
  if (!secret.ok) return secret;
  const rootSeed = secret.value.root_seed;
  const self = ownerOf(rootSeed, federation.value, provider);
  if (self === undefined)
    return refuse(
      'KEYS_FOREIGN',
      `${keysPath}: root_seed: expected the seed of a signer of ${federationPath}`,
    );
  const keys = deriveSignerKeys(rootSeed, provider);
  return accept({
    directory,
    dataDirectory: resolve(directory, config.value.data ?? 'data'),
    federation: federation.value,
    epoch: epochOf(federation.value),
    self,
    keys,
    votingKey: provider.signer(keys.votingSecret),
    scheme: scheme.value,
    listen,
    check: config.value.check ?? 'none',
    logLevel: config.value.log_level ?? 'info',
    admission: {
      queueBytesMax: admission?.queue_bytes_max ?? defaultAdmission.queueBytesMax,
      outstandingPerClientMax:
        admission?.outstanding_per_client_max ?? defaultAdmission.outstandingPerClientMax,
    },
    warnings: isOpenToOthers(keysPath)
      ? [`${keysPath}: others than its owner can read it, expected mode 0600`]
      : [],
  });
}
