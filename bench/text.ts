/** The figures as a table for people. */

import { loadName } from './measure.ts';
import type { MemoryResult } from './memory.ts';
import { type Phase, phases } from './profile/phases.ts';
import type { BenchResult } from './result.ts';
import type { Spread } from './statistics.ts';

const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(value >= 10 ? 3 : 2);

const range = ({ median, low, high }: Spread, unit = ''): string =>
  low === high ? `${digits(median)}${unit}` : `${digits(median)}${unit} (${digits(low)} to ${digits(high)})`;

const columns = ['system', 'load', 'per second', 'p50 ms', 'p99 ms', 'CPU s/1000', 'client CPU', 'by score'];

function row(one: BenchResult): string[] {
  const { score, order } = one.finality;
  return [
    one.system,
    loadName(one),
    range(one.spread.throughputPerSecond),
    range(one.spread.p50),
    range(one.spread.p99),
    digits(one.cpuSecondsPerThousand),
    digits(one.clientCpuSecondsPerThousand),
    one.system === 'etcd' ? '-' : `${Math.round((100 * score) / Math.max(1, score + order))}%`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
}

function notes(one: BenchResult): string[] {
  const lines: string[] = [];
  if (one.against) {
    const { system, throughput, p50, p99 } = one.against;
    lines.push(
      `${loadName(one)}, ratio to ${system}: throughput ${range(throughput, 'x')}, p50 ${range(p50, 'x')}, p99 ${range(p99, 'x')}`,
    );
  }
  if (one.memory) lines.push(...memoryLines(one.memory));
  if (one.profile) lines.push(...profileLines(one));
  if (one.failed > 0) lines.push(`${one.system}, ${loadName(one)}: ${one.failed} failed: ${one.failures[0]}`);
  if (one.system !== 'etcd' && !one.durable) lines.push(`${loadName(one)}: not every signer synced a disk`);
  if (one.system !== 'etcd' && !one.verified) lines.push(`${loadName(one)}: not everything was verified`);
  return lines;
}

function memoryLines({ trends, learner }: MemoryResult): string[] {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const verdict = (flat: boolean | undefined): string =>
    flat === undefined ? 'too few samples to say whether that is flat' : flat ? 'flat' : 'NOT FLAT';
  const lines = trends.map(
    (one) =>
      `${one.name}: ${megabytes(one.rssAnonBytesFirst)} at first, ${megabytes(one.rssAnonBytesLast)} at last, ` +
      `${megabytes(one.rssAnonBytesMax)} at most, ${megabytes(one.bytesPerMinute)} a minute: ${verdict(one.flat)}; ${megabytes(one.dataBytesLast)} on disk`,
  );
  if (!learner) return lines;
  const { behind, caughtUpSeconds } = learner;
  const caughtUp =
    caughtUpSeconds === undefined
      ? 'had not caught up after a minute'
      : `caught up in ${caughtUpSeconds.toFixed(1)} s`;
  return [...lines, `the learner was ${behind} transactions behind when the load ended, and ${caughtUp}`];
}

const hottestShown = 12;

function profileLines(one: BenchResult): string[] {
  const { servers, clients, otherThreads } = one.profile!;
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const shares = (of: Record<Phase, number>): string =>
    phases
      .filter((phase) => of[phase] >= 0.005)
      .map((phase) => `${phase} ${percent(of[phase])}`)
      .join(', ');
  const hottest = (of: typeof servers): string[] =>
    of.hottest
      .slice(0, hottestShown)
      .map(({ name, phase, share }) => `    ${percent(share).padStart(6)}  ${phase.padEnd(8)} ${name}`);
  return [
    `${loadName(one)}, main thread of a signer: ${shares(servers.shares)}; other threads took ${percent(otherThreads)} of all`,
    ...hottest(servers),
    `  a load process: ${shares(clients.shares)}`,
    ...hottest(clients),
  ];
}

/** One line for each load and system, then what there is to say of each. */
export const formatBench = (results: readonly BenchResult[]): string =>
  [...table([columns, ...results.map(row)]), '', ...results.flatMap(notes)].join('\n');
