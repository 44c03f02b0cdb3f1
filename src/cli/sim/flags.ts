/** Flags of `sim run` and `sim shrink`: from text to checked options of a simulation. */

import { readFile } from 'node:fs/promises';
import type { SimulationOptions } from '../../../sim/options.ts';
import { checkOptions, decodeScenario } from '../../../sim/scenario.ts';
import type { Result } from '../../base/result.ts';
import { accept, refuse } from '../../base/result.ts';
import { faultsOf } from '../../ordering/quorum.ts';

/** What the flags say; a flag that was not given is absent. */
export interface RunFlags {
  readonly seed?: string;
  readonly signers?: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly network?: string;
  readonly rtt?: number;
  readonly bandwidth?: number;
  readonly uplink?: number;
  readonly costs?: string;
  readonly crypto?: string;
  /** False with `--no-wire`. */
  readonly wire?: boolean;
  readonly countBytes?: boolean;
  readonly extraSlack?: number;
  readonly threshold?: number;
  readonly liars?: number;
  readonly adversaries?: string;
  readonly faults?: string;
  readonly fanout?: number;
  readonly learners?: string;
  readonly transactions?: number;
  readonly conflict?: number;
  readonly duration?: number;
  readonly progress?: number;
  readonly scenario?: string;
}

const adversariesOf = (text: string): string | string[] =>
  text === 'random' || text === 'none' ? text : text.split(',');

/** The options that flags say over those of a file. */
function merged(flags: RunFlags, file: Partial<SimulationOptions>): Record<string, unknown> {
  const signers = flags.signers ?? file.signers ?? 4;
  const said = {
    network: flags.network,
    rttMs: flags.rtt,
    bandwidthMbps: flags.bandwidth,
    uplinkMbps: flags.uplink,
    costs: flags.costs,
    crypto: flags.crypto,
    wire: flags.wire === false ? false : undefined,
    countBytes: flags.countBytes,
    extraSlack: flags.extraSlack,
    threshold: flags.threshold,
    liars: flags.liars,
    adversaries: flags.adversaries === undefined ? undefined : adversariesOf(flags.adversaries),
    faults: flags.faults,
    fanout: flags.fanout,
    learners: flags.learners,
    transactions: flags.transactions,
    conflict: flags.conflict,
    durationMs: flags.duration,
    progressMs: flags.progress,
  };
  return {
    ...file,
    ...Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    seed: flags.seed ?? file.seed ?? '1',
    signers,
    ...faultsOf(signers, flags.byzantine ?? file.byzantine, flags.faulty ?? file.faulty),
  };
}

/** Reads the scenario file if one is named, and checks everything together. */
export async function simulationOptions(flags: RunFlags): Promise<Result<SimulationOptions>> {
  let file: Partial<SimulationOptions> = {};
  if (flags.scenario !== undefined) {
    let text: string;
    try {
      text = await readFile(flags.scenario, 'utf8');
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? error;
      return refuse('USAGE', `${flags.scenario}: ${reason}: cannot be read`);
    }
    const decoded = decodeScenario(text);
    if (!decoded.ok) return refuse('USAGE', `${flags.scenario}: ${decoded.error.message}`);
    file = decoded.value;
  }
  const checked = checkOptions(merged(flags, file));
  return checked.ok ? accept(checked.value) : refuse('USAGE', checked.error.message);
}
