/**
 * Measures what an uncontested batch costs a signer in cryptography with each multi-signature scheme, by its
 * place in the tree: its signature, the check of the merge of what came up, and of the certificate on its way
 * down (protocol section 4), with the certificate's encoding and digest. The real implementations, a memory
 * of its own for each signer, in processor time. `testnet` chooses a scheme by these figures.
 */

import { toHex, utf8 } from '../../src/base/bytes.ts';
import { hashBytes } from '../../src/base/hash.ts';
import { allSigners, type BatchId, type Epoch, type Height, type SignerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { createListProvider, listName } from '../../src/crypto/ed25519-list.ts';
import { nodeListLibrary } from '../../src/crypto/ed25519-list-node.ts';
import type { MultiSignatureScheme, SchemeProvider, SchemeSigner } from '../../src/crypto/scheme.ts';
import {
  type Certificate,
  certificateDigest,
  decodeCertificate,
  encodeCertificate,
  type VoteClass,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { cpuMs } from './cpu.ts';

export type Place = 'leaf' | 'inner' | 'root';
export const places: readonly Place[] = ['leaf', 'inner', 'root'];

/** Means for one batch at one signer of each place. */
export interface SchemeCost {
  readonly scheme: string;
  readonly signers: number;
  readonly fanout: number;
  /** 0 where the tree has no such place. */
  readonly cpuMs: Readonly<Record<Place, number>>;
  /** Single signatures that were computed on the curve; 0 with BLS. */
  readonly checks: Readonly<Record<Place, number>>;
  /** Over all signers. */
  readonly meanMs: number;
  readonly certificateBytes: number;
}

interface Counter {
  checks: number;
}

interface Member {
  readonly place: Place;
  readonly children: readonly number[];
  readonly scheme: MultiSignatureScheme;
  readonly key: SchemeSigner;
  /** Itself and whoever is below. */
  readonly below: SignerId[];
}

const epoch = toHex(hashBytes('federation', utf8('calibration'))) as Epoch;

/** A provider for one signer, so that it remembers what it checked and not what others did. */
function providerOfOne(scheme: string, counter: Counter): SchemeProvider {
  if (scheme !== listName) return blstProvider;
  return createListProvider({
    ...nodeListLibrary,
    checkUnder: (publicKey) => {
      const check = nodeListLibrary.checkUnder(publicKey);
      return (message, signature) => {
        counter.checks += 1;
        return check(message, signature);
      };
    },
  });
}

/** Signer 0 is the root of a complete tree, its children 1, 2 ... */
function membersOf(scheme: string, n: number, fanout: number, counter: Counter): Member[] {
  const providers = Array.from({ length: n }, () => providerOfOne(scheme, counter));
  const pairs = providers.map((provider, i) => provider.keyFromSeed(hashBytes('possession', utf8(`${i}`))));
  const table = pairs.map(({ publicKey }) => publicKey);
  const members: Member[] = [];
  for (let i = n - 1; i >= 0; i--) {
    const first = fanout * i + 1;
    const children = Array.from({ length: fanout }, (_, k) => first + k).filter((child) => child < n);
    const below = [i as SignerId, ...children.flatMap((child) => members[child]!.below)];
    members[i] = {
      place: i === 0 ? 'root' : children.length === 0 ? 'leaf' : 'inner',
      children,
      scheme: providers[i]!.scheme(table),
      key: providers[i]!.signer(pairs[i]!.secretKey),
      below: below.sort((a, b) => a - b),
    };
  }
  return members;
}

const votesOf = (batch: BatchId, signers: SignerId[], signature: Uint8Array): Certificate => ({
  batch,
  classes: [{ base: 0 as Height, before: [], rejects: [], signers } satisfies VoteClass],
  signature,
});
const messageOf = (batch: BatchId): Uint8Array =>
  voteSigningBytes(voteOfClass(epoch, batch, { base: 0 as Height, before: [], rejects: [] }));

/** @param batches that the means are over. A first call in a process pays for compilation too. */
export function schemeCost(scheme: string, n: number, fanout: number, batches = 60): SchemeCost {
  const counter: Counter = { checks: 0 };
  const members = membersOf(scheme, n, fanout, counter);
  const cpu = { leaf: 0, inner: 0, root: 0 };
  const checks = { leaf: 0, inner: 0, root: 0 };
  const ids = Array.from({ length: batches }, (_, i) => toHex(hashBytes('batch', utf8(`${i}`))) as BatchId);
  const timed = ({ place }: Member, work: (batch: BatchId, i: number) => void): void => {
    const [start, checked] = [cpuMs(), counter.checks];
    ids.forEach(work);
    cpu[place] += (cpuMs() - start) / batches;
    checks[place] += (counter.checks - checked) / batches;
  };
  const holds = ({ scheme }: Member, { batch, classes, signature }: Certificate): void => {
    const groups = classes.map(({ signers }) => ({ signers, message: messageOf(batch) }));
    if (!scheme.verify(groups, signature)) throw new Error(`a signature of ${scheme.name} does not verify`);
  };
  const partial: Uint8Array[][] = members.map(() => []);
  for (const [i, member] of [...members.entries()].reverse())
    timed(member, (batch, b) => {
      const own = member.key.sign(messageOf(batch));
      const parts = [own, ...member.children.map((child) => partial[child]![b]!)];
      partial[i]![b] = parts.length === 1 ? own : member.scheme.aggregate(parts);
      if (parts.length > 1) holds(member, votesOf(batch, member.below, partial[i]![b]!));
    });
  const everybody = allSigners(n);
  const wires = ids.map((batch, b) => encodeCertificate(votesOf(batch, [...everybody], partial[0]![b]!), n));
  for (const member of members.slice(1))
    timed(member, (_, b) => {
      const certificate = must(decodeCertificate(wires[b]!, n));
      certificateDigest(certificate, n);
      holds(member, certificate);
    });
  const mean = (sum: Record<Place, number>): Record<Place, number> => {
    const share = (place: Place): number =>
      sum[place] / Math.max(1, members.filter((one) => one.place === place).length);
    return { leaf: share('leaf'), inner: share('inner'), root: share('root') };
  };
  return {
    ...{ scheme, signers: n, fanout },
    cpuMs: mean(cpu),
    checks: mean(checks),
    meanMs: (cpu.leaf + cpu.inner + cpu.root) / n,
    certificateBytes: wires[0]!.length,
  };
}
