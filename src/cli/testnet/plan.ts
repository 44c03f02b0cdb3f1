/**
 * What a testnet will consist of, before anything is written: the federation, and for each process its
 * home, keys and ports. Ports come in blocks: peers, clients and metrics of the signers, then the
 * learner; 7100, 7200, 7300 and 7400 by default, so that a port tells what listens there.
 */

import { randomBytes } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromHex, utf8 } from '../../base/bytes.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { publicKeysOf, rootSeedBytes } from '../../crypto/keys.ts';
import type { SchemeProvider } from '../../crypto/scheme.ts';
import { address, isLoopback, splitAddress } from '../../messages/config-file.ts';
import { defaultLimits, type Federation, type SignerInfo } from '../../messages/federation.ts';
import { formatFederation, parseFederation } from '../../messages/federation-file.ts';
import { signersMax } from '../../messages/limits.ts';
import { timersFor } from '../../messages/timing.ts';
import { defaultFaults, type Quorum, quorumOf } from '../../ordering/quorum.ts';
import { layoutOf, subtreeRuns } from '../../tree/layout.ts';
import { chooseFanout, chooseScheme } from './choices.ts';
import { firstRegions, type LatencyMatrix } from './regions.ts';

export interface TestnetPlanOptions {
  readonly signers: number;
  readonly byzantine?: number | undefined;
  readonly faulty?: number | undefined;
  /** First of the ports, 7100 by default. */
  readonly basePort?: number | undefined;
  /** Name or address under which the signers are reached, 127.0.0.1 by default. */
  readonly host?: string | undefined;
  /** Multi-signature scheme and children of a tree node; chosen by the number of signers when absent. */
  readonly scheme?: string | undefined;
  readonly fanout?: number | undefined;
  /** Hex. Gives the same keys every time: for tests only. */
  readonly seed?: string | undefined;
}

export interface SignerPlan {
  readonly info: SignerInfo;
  /** Name of its home directory. */
  readonly home: string;
  readonly rootSeed: Uint8Array;
  readonly listen: { readonly peers: string; readonly http: string; readonly metrics: string };
}

export interface TestnetPlan {
  readonly federation: Federation;
  readonly quorum: Quorum;
  readonly signers: readonly SignerPlan[];
  readonly learner: { readonly home: string; readonly listen: string; readonly url: string };
  /** Why the scheme and the fanout are what they are. */
  readonly reasons: { readonly scheme: string; readonly fanout: string };
  /** One line each. */
  readonly warnings: readonly string[];
}

/** Blocks of a hundred ports, more for more signers than that. */
const portStride = (n: number): number => Math.ceil(n / 100) * 100;

function rootSeedOf(seed: string | undefined, index: number): Uint8Array {
  if (seed === undefined) return new Uint8Array(randomBytes(rootSeedBytes));
  return sha256(concat(utf8(`musig-paxos/1/testnet/${index}/`), fromHex(seed)));
}

interface Ports {
  readonly base: number;
  readonly stride: number;
  /** As it stands in addresses: IPv6 in brackets. */
  readonly host: string;
  /** Where processes listen: loopback for a loopback host, else everywhere. */
  readonly listenHost: string;
}

function portsOf(options: TestnetPlanOptions): Result<Ports> {
  const { signers, basePort = 7100, host = '127.0.0.1' } = options;
  const stride = portStride(signers);
  const last = basePort + 3 * stride;
  if (!Number.isSafeInteger(basePort) || basePort < 1 || last > 65535)
    return refuse(
      'TESTNET_PORT',
      `--base-port: expected a port from 1 to ${65535 - 3 * stride}, found ${basePort}`,
    );
  const inAddress = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  if (!address.safeParse(`${inAddress}:${basePort}`).success)
    return refuse('TESTNET_HOST', `--host: expected a host name or an IP address, found "${host}"`);
  const everywhere = inAddress.startsWith('[') ? '[::]' : '0.0.0.0';
  const listenHost = isLoopback(splitAddress(`${inAddress}:1`)) ? inAddress : everywhere;
  return accept({ base: basePort, stride, host: inAddress, listenHost });
}

function planSigner(
  index: number,
  region: string,
  ports: Ports,
  seed: string | undefined,
  provider: SchemeProvider,
): SignerPlan {
  const { base, stride, host, listenHost } = ports;
  const name = `signer-${index}`;
  const rootSeed = rootSeedOf(seed, index);
  return {
    home: name,
    rootSeed,
    info: {
      name,
      address: `${host}:${base + index}`,
      url: `http://${host}:${base + stride + index}`,
      region,
      ...publicKeysOf(rootSeed, provider),
    },
    listen: {
      peers: `${listenHost}:${base + index}`,
      http: `${listenHost}:${base + stride + index}`,
      metrics: `127.0.0.1:${base + 2 * stride + index}`,
    },
  };
}

function warningsFor({ f, slack }: Quorum, seed: string | undefined): string[] {
  const warnings: string[] = [];
  if (f === 0)
    warnings.push('byzantine is 0: one lying signer can break agreement, only crashes are tolerated.');
  if (slack < f)
    warnings.push(
      `the slack is ${slack}, below byzantine (${f}): a single slow or lying signer can send everything ` +
        `through phase 3. With ${5 * f + 1} signers (5 * byzantine + 1) or more it cannot.`,
    );
  if (seed !== undefined)
    warnings.push('keys made from --seed are known to whoever knows the seed: for tests only.');
  return warnings;
}

/**
 * Plans a testnet.
 * @param matrix regions to deal the signers over; makes the trees geographic.
 * @returns a refusal that names the flag at fault.
 */
export function planTestnet(options: TestnetPlanOptions, matrix?: LatencyMatrix): Result<TestnetPlan> {
  const { signers: n, seed } = options;
  if (!Number.isSafeInteger(n) || n < 1 || n > signersMax)
    return refuse(
      'TESTNET_SIGNERS',
      `--signers: expected a whole number from 1 to ${signersMax}, found ${n}`,
    );
  if (seed !== undefined && !/^(?:[0-9a-fA-F]{2})+$/.test(seed))
    return refuse('TESTNET_SEED', '--seed: expected an even number of hex digits');
  const quorum = quorumOf(n, options.byzantine ?? defaultFaults(n), options.faulty ?? defaultFaults(n));
  if (!quorum.ok) return refuse(quorum.error.code, `--byzantine, --faulty: ${quorum.error.message}`);
  const scheme = chooseScheme(n, options.scheme);
  if (!scheme.ok) return refuse(scheme.error.code, `--${scheme.error.message}`);
  const fanout = chooseFanout(n, options.fanout);
  const ports = portsOf(options);
  if (!ports.ok) return ports;
  const { base, stride, host, listenHost } = ports.value;
  const used = matrix ? firstRegions(matrix, n) : { regions: [], latencyMs: [] };
  const signers = Array.from({ length: n }, (_, i) =>
    planSigner(
      i,
      used.regions[i % Math.max(1, used.regions.length)] ?? '',
      ports.value,
      seed,
      scheme.value.value,
    ),
  );
  const depth = subtreeRuns(layoutOf(n, fanout.value), 0).length - 1;
  const federation: Federation = {
    name: 'testnet',
    signers: signers.map((signer) => signer.info),
    byzantine: quorum.value.f,
    faulty: quorum.value.t,
    scheme: scheme.value.value.name,
    fanout: fanout.value,
    shape: matrix ? 'geographic' : 'balanced',
    regions: used.regions,
    latencyMs: used.latencyMs,
    clientSignatures: 'optional',
    limits: matrix
      ? { ...defaultLimits, ...timersFor(Math.max(...used.latencyMs.flat()), Math.max(1, depth)) }
      : defaultLimits,
  };
  // Names of regions come from a file: what the federation's own reader refuses must not be written.
  const readable = parseFederation(formatFederation(federation));
  if (!readable.ok) return readable;
  const learnerPort = base + 3 * stride;
  return accept({
    federation,
    quorum: quorum.value,
    signers,
    learner: {
      home: 'learner',
      listen: `${listenHost}:${learnerPort}`,
      url: `http://${host}:${learnerPort}`,
    },
    reasons: { scheme: scheme.value.reason, fanout: fanout.reason },
    warnings: warningsFor(quorum.value, seed),
  });
}
