/**
 * A learner's home directory: `peer.toml` names the federation file, the signers to follow in order of
 * preference, the finality to wait for, and where the documents go (protocol section 11). A learner has
 * no secret: it verifies everything against the federation file.
 *
 * All errors are one line that names the file, the field and what was expected. Relative paths are
 * relative to the home.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Epoch } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import {
  baseUrl,
  field,
  type ListenAddress,
  line,
  listenAddress,
  oneOf,
  parseConfig,
} from '../messages/config-file.ts';
import { epochOf, type Federation } from '../messages/federation.ts';
import { parseFederation } from '../messages/federation-file.ts';
import type { PeerFinality } from './api.ts';

export const storeKinds = ['lmdb', 'postgres', 'couchdb', 'memory'] as const;
export type StoreKind = (typeof storeKinds)[number];
export type PeerLogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** Where a learner keeps documents and position, with what that store needs. */
export type StoreOptions =
  | { readonly kind: 'memory' }
  | { readonly kind: 'lmdb'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string }
  | { readonly kind: 'couchdb'; readonly url: string; readonly database: string };

export interface PeerHome {
  /** Absolute, as are the other paths. */
  readonly directory: string;
  readonly dataDirectory: string;
  readonly federation: Federation;
  readonly epoch: Epoch;
  /** Base URLs of signers, the preferred one first. */
  readonly follow: readonly string[];
  readonly finality: PeerFinality;
  readonly store: StoreOptions;
  readonly listen: { readonly http: ListenAddress };
  readonly logLevel: PeerLogLevel;
}

/** What the command line may say instead of the file. */
export interface PeerOverrides {
  readonly store?: StoreKind;
  readonly finality?: PeerFinality;
}

/** A URL that may hold a password: an error never shows it. */
const secretUrl = (expected: string, protocols: readonly string[]): z.ZodType<string> =>
  z.custom<string>(
    (value) =>
      typeof value === 'string' && URL.canParse(value) && protocols.includes(new URL(value).protocol),
    { error: (issue) => `${issue.input === undefined ? 'missing, ' : ''}expected ${expected}` },
  );

const databaseName = field<string>(
  'a name of lower-case letters, digits and "_", at most 63',
  (value) => typeof value === 'string' && /^[a-z][a-z0-9_]{0,62}$/.test(value),
);

const storeFields = z.strictObject({
  kind: oneOf(...storeKinds),
  lmdb: z.strictObject({ path: line(1, 4096) }).optional(),
  postgres: z
    .strictObject({
      url: secretUrl('a URL, as in postgres://user@localhost/database', ['postgres:', 'postgresql:']),
      schema: databaseName.optional(),
    })
    .optional(),
  couchdb: z
    .strictObject({
      url: secretUrl('a URL, as in http://localhost:5984', ['http:', 'https:']),
      database: databaseName.optional(),
    })
    .optional(),
});

const peerFields = z.strictObject({
  federation: line(1, 4096),
  follow: z.array(baseUrl),
  finality: oneOf<PeerFinality>('score', 'order'),
  data: line(1, 4096).optional(),
  log_level: oneOf<PeerLogLevel>('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').optional(),
  listen: z.strictObject({ http: listenAddress }),
  store: storeFields,
});

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

function storeOptions(
  kind: StoreKind,
  fields: z.output<typeof storeFields>,
  directory: string,
  dataDirectory: string,
  file: string,
): Result<StoreOptions> {
  const missing = (): Result<StoreOptions> =>
    refuse('CONFIG_INVALID', `${file}: store.${kind}.url: missing, expected with the store "${kind}"`);
  switch (kind) {
    case 'memory':
      return accept({ kind });
    case 'lmdb':
      return accept({
        kind,
        path: fields.lmdb ? resolve(directory, fields.lmdb.path) : join(dataDirectory, 'documents'),
      });
    case 'postgres':
      return fields.postgres
        ? accept({ kind, url: fields.postgres.url, schema: fields.postgres.schema ?? 'musig_paxos' })
        : missing();
    case 'couchdb':
      return fields.couchdb
        ? accept({ kind, url: fields.couchdb.url, database: fields.couchdb.database ?? 'documents' })
        : missing();
  }
}

/**
 * Reads and checks a learner's home.
 * @param overrides take the place of the file's `store.kind` and `finality`.
 */
export function loadPeerHome(home: string, overrides: PeerOverrides = {}): Result<PeerHome> {
  const directory = resolve(home);
  const configPath = join(home, 'peer.toml');
  const text = readText(configPath);
  if (!text.ok) return text;
  const config = parseConfig(text.value, configPath, peerFields);
  if (!config.ok) return config;
  const { follow } = config.value;
  if (follow.length === 0)
    return refuse('CONFIG_INVALID', `${configPath}: follow: expected at least one signer's URL`);
  if (new Set(follow).size !== follow.length)
    return refuse('CONFIG_INVALID', `${configPath}: follow: expected distinct URLs`);
  const dataDirectory = resolve(directory, config.value.data ?? 'data');
  const kind = overrides.store ?? config.value.store.kind;
  const store = storeOptions(kind, config.value.store, directory, dataDirectory, configPath);
  if (!store.ok) return store;
  const federationPath = resolve(directory, config.value.federation);
  const federationText = readText(federationPath);
  if (!federationText.ok) return federationText;
  const federation = parseFederation(federationText.value, federationPath);
  if (!federation.ok) return federation;
  return accept({
    directory,
    dataDirectory,
    federation: federation.value,
    epoch: epochOf(federation.value),
    follow,
    finality: overrides.finality ?? config.value.finality,
    store: store.value,
    listen: config.value.listen,
    logLevel: config.value.log_level ?? 'info',
  });
}
