/** `sim load`: a steady load on a federation of any size, on virtual time: throughput, latency, and what bounds them. */

import { measureLoad } from '../../../sim/load/load.ts';
import { type LoadRequest, loadOptions } from '../../../sim/load/options.ts';
import type { LoadReport, Percentiles } from '../../../sim/load/report.ts';
import { accept, type Result, refuse } from '../../base/result.ts';

/** What the flags say; a flag that was not given is absent. */
export interface LoadFlags {
  readonly seed?: string;
  readonly signers?: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly network?: string;
  readonly rtt?: number;
  readonly uplink?: number;
  readonly fanout?: number;
  readonly shape?: string;
  readonly costs?: string;
  readonly rate?: number;
  readonly ingresses?: number;
  readonly size?: number;
  readonly bundle?: number;
  readonly warmUp?: number;
  readonly measure?: number;
  readonly limit?: readonly string[];
}

/** `name=value` pairs. */
function limitsOf(pairs: readonly string[]): Result<Record<string, number>> {
  const limits: Record<string, number> = {};
  for (const pair of pairs) {
    const [, name, value] = /^([A-Za-z]+)=(\d{1,9})$/.exec(pair) ?? [];
    if (name === undefined)
      return refuse('USAGE', `--limit: expected NAME=NUMBER, such as window=64, found "${pair}"`);
    limits[name] = Number(value);
  }
  return accept(limits);
}

export function loadCommand(flags: LoadFlags): Result<{ text: string; json: LoadReport }> {
  const limits = limitsOf(flags.limit ?? []);
  if (!limits.ok) return limits;
  const said = {
    seed: flags.seed,
    signers: flags.signers,
    byzantine: flags.byzantine,
    faulty: flags.faulty,
    network: flags.network,
    rttMs: flags.rtt,
    uplinkMbps: flags.uplink,
    fanout: flags.fanout,
    shape: flags.shape,
    costs: flags.costs,
    rate: flags.rate,
    ingresses: flags.ingresses,
    bytes: flags.size,
    bundle: flags.bundle,
    warmUpMs: flags.warmUp,
    measureMs: flags.measure,
    limits: limits.value,
  };
  const request = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  // Every field is checked there, whatever its type here.
  const options = loadOptions(request as LoadRequest);
  if (!options.ok) return refuse('USAGE', options.error.message);
  const report = measureLoad(options.value);
  return accept({ text: loadText(report), json: report });
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const latency = ({ p50, p90, p99, max }: Percentiles): string =>
  `p50 ${whole(p50)}, p90 ${whole(p90)}, p99 ${whole(p99)}, max ${whole(max)} ms`;

/** The report for people. */
export function loadText(report: LoadReport): string {
  const { options, perSignerAndBatch, perSignerAndTransaction, cpu, uplink, bounds, finality } = report;
  const { signers, byzantine, faulty, network, rttMs, uplinkMbps, fanout, shape } = options;
  const links = rttMs === undefined ? `network ${network}` : `round trips of ${rttMs} ms`;
  const busiest = Object.entries(cpu.phases)
    .sort(([, a], [, b]) => b - a)
    .map(([phase, share]) => `${phase} ${percent(share)}`);
  const others = Object.entries(report.messages)
    .filter(([type]) => !['announce', 'votes', 'certificate'].includes(type))
    .map(([type, { count }]) => `${count} ${type}`);
  const rows: [string, string][] = [
    [
      'federation',
      `n=${signers} f=${byzantine} t=${faulty}, fanout ${fanout}, depth ${report.depth}, ${shape} trees, ` +
        `${links}, uplinks of ${uplinkMbps} Mb/s`,
    ],
    [
      'load',
      `${whole(options.rate)} a second through ${options.ingresses} signers, ${options.bytes}-byte values, ` +
        `${options.bundle} in one simulated transaction`,
    ],
    [
      'final',
      `${whole(report.throughputPerSecond)} a second at the slowest signer, ` +
        `${whole(report.throughputMedianPerSecond)} at the middle one; ${report.sustained ? 'sustained' : 'NOT sustained'}, ` +
        `${whole(report.open)} under way at the end; ${whole(finality.score)} by score, ${whole(finality.order)} by order`,
    ],
    ['latency', `${latency(report.latencyMs)} at the client's signer`],
    ['', `${latency(report.latencyAtAllMs)} at the last signer`],
    ['', `${whole(report.hopsMs)} ms are 3 x depth hops, the mean of the batches`],
    [
      'batches',
      `${whole(report.batches)} of ${whole(report.transactionsPerBatch)} transactions; ${report.blocks} blocks`,
    ],
    [
      'a signer',
      `for a batch ${whole(perSignerAndBatch.bytes)} bytes (${whole(perSignerAndBatch.bytesWithoutBodies)} without ` +
        `bodies), ${perSignerAndBatch.messages.toFixed(1)} messages, ${perSignerAndBatch.cpuMs.toFixed(2)} ms; ` +
        `for a transaction ${whole(perSignerAndTransaction.bytes)} bytes, ${(1000 * perSignerAndTransaction.cpuMs).toFixed(1)} us`,
    ],
    ['processor', `${percent(cpu.mean)}, the busiest ${percent(cpu.max)}: ${busiest.join(', ')}`],
    ['uplink', `${percent(uplink.mean)}, the busiest ${percent(uplink.max)}`],
    [
      'bounds',
      `${whole(bounds.cpu)} a second by the mean processor, ${whole(bounds.uplink)} by the mean uplink`,
    ],
    ['other', others.join(', ') || 'no other messages'],
    ['trace', report.traceHash],
  ];
  return rows.map(([name, text]) => `${name.padEnd(12)}${text}`).join('\n');
}
