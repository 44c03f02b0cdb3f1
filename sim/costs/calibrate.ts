/**
 * Measures what computing costs on this machine: the table behind `--costs measured`. It times the real
 * implementations that a signer uses, and the engine's own steps with hashes for signatures, in processor
 * time, so that other programs disturb it little.
 */

import { utf8 } from '../../src/base/bytes.ts';
import { hashBytes } from '../../src/base/hash.ts';
import { allSigners } from '../../src/base/ids.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { simulate } from '../run.ts';
import { type CalibratedWork, calibrateWork } from './calibrate-work.ts';
import type { Costs } from './costs.ts';
import { cpuMs } from './cpu.ts';

/** Median time of one call in ms, over `rounds` rounds of `repeats` calls. */
function timed(repeats: number, call: (i: number) => unknown, rounds = 7): number {
  const times = Array.from({ length: rounds + 1 }, () => {
    const start = cpuMs();
    for (let i = 0; i < repeats; i++) call(i);
    return (cpuMs() - start) / repeats;
  });
  // The first round warms up.
  return times.slice(1).sort((a, b) => a - b)[Math.floor(rounds / 2)]!;
}

const signersMeasured = 64;

/** Both tables, with what is measured here. */
export async function calibrate(): Promise<{ readonly costs: Costs; readonly work: CalibratedWork }> {
  const { receiveKbMs, sendKbMs, ...work } = await calibrateWork();
  return { costs: { ...calibrateCryptography(), stepMs: calibrateSteps(), receiveKbMs, sendKbMs }, work };
}

function calibrateCryptography(): Omit<Costs, 'stepMs' | 'receiveKbMs' | 'sendKbMs'> {
  const seeds = allSigners(signersMeasured).map((i) => hashBytes('possession', utf8(`calibration ${i}`)));
  const keys = seeds.map((seed) => blstProvider.keyFromSeed(seed));
  const scheme = blstProvider.scheme(keys.map((key) => key.publicKey));
  const signers = keys.map((key) => blstProvider.signer(key.secretKey));
  const messages = [0, 1, 2, 3, 4].map((i) => utf8(`message ${i}`));
  const signed = (message: Uint8Array, ids: readonly number[]): Uint8Array =>
    scheme.aggregate(ids.map((id) => signers[id]!.sign(message)));

  const few = [0, 1, 2];
  const all = allSigners(signersMeasured);
  const oneOfFew = signed(messages[0]!, few);
  const oneOfAll = signed(messages[0]!, all);
  const groups = messages.map((message, i) => ({ message, signers: [3 * i, 3 * i + 1, 3 * i + 2] }));
  const fiveClasses = scheme.aggregate(groups.map((group) => signed(group.message, group.signers)));
  const verifyMs = timed(40, () => scheme.verify([{ signers: few, message: messages[0]! }], oneOfFew));
  const verifyAllMs = timed(40, () => scheme.verify([{ signers: all, message: messages[0]! }], oneOfAll));
  const verifyFiveMs = timed(20, () => scheme.verify(groups, fiveClasses));
  const parts = few.map((id) => signers[id]!.sign(messages[0]!));
  const single = nodeSignerFromSeed(seeds[0]!);
  const singleSignature = single.sign(messages[0]!);
  return {
    signMs: timed(40, (i) => signers[i % signersMeasured]!.sign(messages[i % messages.length]!)),
    singleSignMs: timed(200, () => single.sign(messages[0]!)),
    singleVerifyMs: timed(100, () => nodeSignatures.verify(single.publicKey, messages[0]!, singleSignature)),
    verifyMs,
    verifyClassMs: Math.max(0, (verifyFiveMs - verifyMs) / (groups.length - 1)),
    verifyKeyMs: Math.max(0, (verifyAllMs - verifyMs) / (signersMeasured - few.length)),
    aggregateMs: timed(100, () => scheme.aggregate(parts)) / parts.length,
  };
}

/** A step of the engine with hashes for signatures, in a run of small batches. */
function calibrateSteps(): number {
  const options = { seed: 'calibration', signers: 7, byzantine: 2, faulty: 2, transactions: 400 } as const;
  const quiet = { adversaries: 'none', faults: 'none', checkers: [], conflict: 0.2, wire: false } as const;
  simulate({ ...options, ...quiet });
  const start = cpuMs();
  const { events } = simulate({ ...options, ...quiet });
  return (cpuMs() - start) / events;
}
