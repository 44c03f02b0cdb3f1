/**
 * Runs simulations from the command line and prints their reports:
 *
 *   npx tsx sim/main.ts --seed S --signers N --byzantine F --faulty T [--adversaries a,b|random|none]
 *     [--faults random|none] [--liars K] [--transactions X] [--duration MS] [--progress MS]
 *     [--count C] [--json]
 *
 * With `--count` seeds `S-0`, `S-1` ... follow. Exit 0 when every check is ok, 1 when one is not, 2 on bad
 * usage.
 */

import { parseArgs } from 'node:util';
import { defaultFaults, quorumOf } from '../src/ordering/quorum.ts';
import { type AdversaryName, adversaryNames } from './adversaries/catalog.ts';
import type { SimulationOptions } from './options.ts';
import { simulate } from './run.ts';
import { passed, type Report } from './run-report.ts';

const flags = {
  seed: { type: 'string', default: '1' },
  signers: { type: 'string', default: '4' },
  byzantine: { type: 'string' },
  faulty: { type: 'string' },
  liars: { type: 'string' },
  adversaries: { type: 'string' },
  faults: { type: 'string' },
  transactions: { type: 'string' },
  duration: { type: 'string' },
  progress: { type: 'string' },
  count: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

class UsageError extends Error {}

function count(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not "${text}"`);
  return Number(text);
}

function adversariesOf(text: string): NonNullable<SimulationOptions['adversaries']> {
  if (text === 'random' || text === 'none') return text;
  return text.split(',').map((name): AdversaryName => {
    const found = adversaryNames.find((one) => one === name);
    if (!found)
      throw new UsageError(
        `--adversaries: "${name}" is not one of ${['random', 'none', ...adversaryNames].join(', ')}`,
      );
    return found;
  });
}

function optionsOf(values: Record<string, string | boolean | undefined>): SimulationOptions {
  const number = (name: string): number | undefined =>
    values[name] === undefined ? undefined : count(name, String(values[name]));
  const signers = number('signers')!;
  const byzantine = number('byzantine') ?? defaultFaults(signers);
  const faulty = number('faulty') ?? Math.max(byzantine, defaultFaults(signers));
  const quorum = quorumOf(signers, byzantine, faulty);
  if (!quorum.ok) throw new UsageError(quorum.error.message);
  const faults = values.faults ?? 'random';
  if (faults !== 'random' && faults !== 'none')
    throw new UsageError(`--faults must be random or none, not "${faults}"`);
  const liars = number('liars');
  const transactions = number('transactions');
  const durationMs = number('duration');
  const progressMs = number('progress');
  return {
    seed: String(values.seed),
    signers,
    byzantine,
    faulty,
    adversaries: adversariesOf(String(values.adversaries ?? 'random')),
    faults,
    ...(liars !== undefined && { liars }),
    ...(transactions !== undefined && { transactions }),
    ...(durationMs !== undefined && { durationMs }),
    ...(progressMs !== undefined && { progressMs }),
  };
}

/** A report as text, a line each. */
function textOf(report: Report): string {
  const { seed, signers, byzantine, faulty, finality, checks, objections } = report;
  const bad = Object.entries(checks).filter(([, verdict]) => verdict !== 'ok');
  const lines = [
    `seed ${seed}: n=${signers} f=${byzantine} t=${faulty}, ${report.events} events, ${report.virtualMs.toFixed(0)} ms, height ${report.height}`,
    `  liars: ${report.liars.map(({ signer, strategies }) => `s${signer} ${strategies.map((one) => `${one.name} ${JSON.stringify(one.parameters)}`).join(' + ')}`).join('; ') || 'none'}`,
    `  faults: ${report.faults.faults.map((fault) => `${fault.kind}@${fault.at}`).join(' ') || 'none'}`,
    `  ${report.transactions} transactions: ${finality.score} by score, ${finality.order} by order, ${finality.open} open`,
    `  blamed: ${report.blamed.map((id) => `s${id}`).join(' ') || 'nobody'}; trace ${report.traceHash}`,
    `  checks: ${bad.length === 0 ? 'all ok' : bad.map(([name, verdict]) => `${name} ${verdict}`).join(', ')}`,
    ...Object.entries(objections).flatMap(([name, details]) => details.map((one) => `    ${name}: ${one}`)),
  ];
  if (bad.length > 0) lines.push(`  replay: ${report.replay}`);
  return lines.join('\n');
}

function main(): number {
  const { values } = parseArgs({ options: flags });
  const options = optionsOf(values);
  const runs = values.count === undefined ? undefined : count('count', values.count);
  let failed = 0;
  for (let i = 0; i < (runs ?? 1); i++) {
    const report = simulate(runs === undefined ? options : { ...options, seed: `${options.seed}-${i}` });
    if (!passed(report)) failed += 1;
    console.log(values.json ? JSON.stringify(report) : textOf(report));
  }
  return failed > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  const usage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  if (!usage) throw error;
  console.error(`sim: ${(error as Error).message}`);
  process.exitCode = 2;
}
