/** `sim run`: one simulation, or several seeds, as a report for people or JSON for programs. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulationOptions } from '../../../sim/options.ts';
import { shellWord } from '../../../sim/report/shell.ts';
import { simulate } from '../../../sim/run.ts';
import { passed, type Report } from '../../../sim/run-report.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';
import { type RunFlags, simulationOptions } from './flags.ts';

export interface RunCommandFlags extends RunFlags {
  readonly count?: number;
  readonly workers?: number;
  readonly out?: string;
  /** Part of the run that the diagram shows, in ms. */
  readonly window?: { readonly fromMs: number; readonly toMs: number };
  readonly json?: boolean;
}

interface Printer {
  out(line: string): void;
}

/** @returns the exit code: 1 when a check is not ok in some run. */
export async function runCommand(flags: RunCommandFlags, printer: Printer): Promise<Result<number>> {
  const options = await simulationOptions(flags);
  if (!options.ok) return options;
  if (flags.window && flags.out === undefined)
    return refuse('USAGE', '--window: is for the diagram of --out');
  if (flags.workers !== undefined && flags.count === undefined)
    return refuse('USAGE', '--workers: is for the runs of --count');
  if (flags.out !== undefined) mkdirSync(flags.out, { recursive: true });
  const { count } = flags;
  const seeds = Array.from({ length: count ?? 1 }, (_, i) =>
    count === undefined ? options.value.seed : `${options.value.seed}-${i}`,
  );
  let failed = 0;
  const print = (report: Report): void => {
    if (!passed(report)) failed += 1;
    const one = withReplay(report, flags);
    printer.out(flags.json ? JSON.stringify(one) : reportText(one));
  };
  await runAll(options.value, seeds, flags, print);
  if (count !== undefined && !flags.json)
    printer.out(`${count - failed} of ${count} runs passed every check`);
  return accept(failed > 0 ? 1 : 0);
}

/** Runs all seeds, and prints their reports in order. */
async function runAll(
  options: SimulationOptions,
  seeds: readonly string[],
  flags: RunCommandFlags,
  print: (report: Report) => void,
): Promise<void> {
  if (seeds.length === 1 || (flags.workers ?? 1) === 1 || flags.out !== undefined) {
    for (const seed of seeds) print(await runOnce({ ...options, seed, schemes: nodeSchemes }, flags));
    return;
  }
  const { startWorkers, workerBeside } = await import('../../../sim/sweep/pool.ts');
  const file = workerBeside(import.meta.url, 'seed-worker');
  const workers = await startWorkers<SimulationOptions, Report>(flags.workers!, file);
  try {
    // A few more than there are workers are under way, so that results never pile up.
    const ahead = 4 * flags.workers!;
    const running: Promise<Report>[] = [];
    for (let printed = 0, started = 0; printed < seeds.length; printed++) {
      for (; started < seeds.length && started < printed + ahead; started++)
        running.push(workers.run({ ...options, seed: seeds[started]! }));
      print(await running.shift()!);
    }
  } finally {
    await workers.close();
  }
}

async function runOnce(options: SimulationOptions, flags: RunCommandFlags): Promise<Report> {
  if (flags.out === undefined) return simulate(options);
  const { traceRun } = await import('../../../sim/trace/run.ts');
  const { writeRun } = await import('../../../sim/report/run-folder.ts');
  const { report, trace } = traceRun(options, `seed ${options.seed}`);
  const { schemes: _, ...data } = options;
  const folder = flags.count === undefined ? flags.out : join(flags.out, options.seed);
  writeRun(folder, data, report, trace, flags.window && { window: flags.window });
  return report;
}

/** The replay command names the scenario file that the options came from, and keeps the flags. */
const withReplay = (report: Report, { scenario }: RunFlags): Report =>
  scenario === undefined
    ? report
    : {
        ...report,
        replay: `${report.replay.replace(' --scenario SCENARIO.json', '')} --scenario ${shellWord(scenario)}`,
      };

const list = (items: readonly string[], none: string): string => items.join('; ') || none;

/** A report as text. */
export function reportText(report: Report): string {
  const { seed, signers, byzantine, faulty, finality, checks, objections, latencyMs } = report;
  const bad = Object.entries(checks).filter(([, verdict]) => verdict !== 'ok');
  const liars = report.liars.map(
    ({ signer, strategies }) =>
      `s${signer} ${strategies.map((one) => `${one.name} ${JSON.stringify(one.parameters)}`).join(' + ')}`,
  );
  const faults = report.faults.faults.map((fault) => `${fault.kind} at ${fault.at.toFixed(0)} ms`);
  const rows: [string, string][] = [
    [
      'run',
      `n=${signers} f=${byzantine} t=${faulty} on ${report.network}, ${report.events} events, ` +
        `${report.virtualMs.toFixed(0)} ms of virtual time, ${report.height} blocks`,
    ],
    ['liars', list(liars, 'none')],
    ['faults', list(faults, 'none')],
    [
      'ordered',
      `${report.transactions} transactions: ${finality.score} by score, ${finality.order} by order, ${finality.open} open`,
    ],
    [
      'latency',
      `p50 ${latencyMs.p50.toFixed(1)} ms, p90 ${latencyMs.p90.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`,
    ],
    ['blamed', report.blamed.map((id) => `s${id}`).join(' ') || 'nobody'],
    ['trace', report.traceHash],
    [
      'checks',
      bad.length === 0
        ? `all ${Object.keys(checks).length} ok`
        : bad.map(([name, verdict]) => `${name} ${verdict}`).join(', '),
    ],
  ];
  const lines = [`seed ${seed}`, ...rows.map(([name, text]) => `  ${name.padEnd(8)}${text}`)];
  for (const [name, details] of Object.entries(objections))
    for (const detail of details) lines.push(`  ! ${name}: ${detail}`);
  if (bad.length > 0) lines.push(`  replay: ${report.replay}`);
  return lines.join('\n');
}
