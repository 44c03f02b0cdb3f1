/** The report of a bench: one page for people, with what a reader asks first at the top. */

import { type Chart, chartHtml } from '../sim/report/chart.ts';
import {
  facts,
  figure,
  folded,
  type Html,
  headline,
  html,
  type Piece,
  pageOf,
  section,
  table,
} from '../sim/report/markup.ts';
import { footOf, ownOrigin } from '../sim/report/origin.ts';
import type { BenchOutcome, LoadOutcome } from './bench.ts';
import { Histogram } from './histogram.ts';
import { loadName } from './measure.ts';
import { memorySections } from './memory-report.ts';
import { type Breakdown, phases } from './profile/phases.ts';
import type { BenchResult } from './result.ts';
import type { Spread } from './statistics.ts';

const rangeText = ({ median, low, high }: Spread, unit = ''): Html =>
  low === high
    ? html`${figure(median)}${unit}`
    : html`${figure(median)}${unit} <span class="range">${figure(low)}–${figure(high)}</span>`;

const resultsOf = ({ loads }: BenchOutcome): BenchResult[] => loads.flatMap(({ results }) => results);
const systemsOf = (outcome: BenchOutcome): string[] => [
  ...new Set(resultsOf(outcome).map(({ system }) => system)),
];

const nameOf = ({ load }: LoadOutcome): string => loadName(load);

function tiles({ loads }: BenchOutcome): Html {
  const own = loads.map(({ results }) => results[0]!);
  const best = own.reduce((a, b) => (b.throughputPerSecond > a.throughputPerSecond ? b : a));
  const quickest = own.reduce((a, b) => (b.latencyMs.p50 < a.latencyMs.p50 ? b : a));
  const durable = own.every((one) => one.durable);
  const verified = own.every((one) => one.verified);
  const failed = own.reduce((sum, one) => sum + one.failed, 0);
  return headline([
    {
      name: `a second at ${loadName(best)}`,
      value: figure(Math.round(best.throughputPerSecond)),
    },
    { name: `median at ${loadName(quickest)}`, value: `${figure(quickest.latencyMs.p50)} ms` },
    { name: 'on disk before it counted', value: durable ? 'yes' : 'no', tone: durable ? 'good' : 'bad' },
    { name: 'receipts verified', value: verified ? 'yes' : 'no', tone: verified ? 'good' : 'bad' },
    { name: 'without a receipt', value: failed, tone: failed === 0 ? 'good' : 'bad' },
  ]);
}

function figuresTable(outcome: BenchOutcome): Html {
  const numeric = (title: string) => ({ title, numeric: true });
  const rows = outcome.loads.flatMap((one) =>
    one.results.map((result): Piece[] => [
      nameOf(one),
      result.system,
      rangeText(result.spread.throughputPerSecond),
      rangeText(result.spread.p50),
      result.latencyMs.p90,
      rangeText(result.spread.p99),
      result.latencyMs.max,
      result.system === 'etcd' ? '–' : byScore(result),
    ]),
  );
  return table(
    [
      { title: 'load' },
      { title: 'system' },
      numeric('a second'),
      numeric('p50 ms'),
      numeric('p90 ms'),
      numeric('p99 ms'),
      numeric('max ms'),
      numeric('by score'),
    ],
    rows,
  );
}

function byScore({ finality: { score, order } }: BenchResult): string {
  return score + order === 0 ? '–' : `${Math.round((100 * score) / (score + order))}%`;
}

function throughputChart(outcome: BenchOutcome): Chart {
  return {
    title: 'Transactions a second, median of the starts with the least and the greatest',
    kind: 'bar',
    x: { label: 'load' },
    y: { label: 'transactions a second' },
    points: outcome.loads.flatMap((one) =>
      one.results.map(({ system, spread: { throughputPerSecond: value } }) => ({
        x: nameOf(one),
        y: value.median,
        low: value.low,
        high: value.high,
        series: system,
      })),
    ),
    series: systemsOf(outcome),
  };
}

function ratios(outcome: BenchOutcome): Html | undefined {
  const numeric = (title: string) => ({ title, numeric: true });
  const rows = outcome.loads.flatMap((one) => {
    const against = one.results[0]?.against;
    return against
      ? [
          [
            nameOf(one),
            ...[against.throughput, against.p50, against.p99, against.cpu].map((value) => rangeText(value)),
          ],
        ]
      : [];
  });
  if (rows.length === 0) return undefined;
  return section(
    'How ours compares with etcd',
    html`<p class="note">Ours divided by etcd’s, start by start, each pair measured one after the other: above 1 is better for throughput, below 1 for the rest. etcd tolerates crashes only, has three servers, and neither encrypts nor signs.</p>`,
    table(
      [{ title: 'load' }, numeric('throughput'), numeric('p50'), numeric('p99'), numeric('processor time')],
      rows,
    ),
  );
}

/** Points of a curve that a reader can tell apart. */
const curvePointsMax = 240;

function latencyChart(one: LoadOutcome, title: string): Chart {
  const points = one.results.flatMap(({ system }, i) => {
    const all = new Histogram();
    for (const { latency } of one.measured[i]!) all.merge(latency.json());
    const whole = all.points().filter(({ share }) => share <= 0.9995);
    const step = Math.max(1, Math.ceil(whole.length / curvePointsMax));
    return whole
      .filter((_, at) => at % step === 0 || at === whole.length - 1)
      .map(({ ms, share }) => ({ x: ms, y: share, series: system }));
  });
  return {
    title,
    kind: 'curve',
    x: { label: 'latency in ms', log: true },
    y: { label: 'share of the transactions within it', percent: true },
    points,
    series: one.results.map(({ system }) => system),
  };
}

function costs(outcome: BenchOutcome): Html {
  const numeric = (title: string) => ({ title, numeric: true });
  return section(
    'What it costs',
    html`<p class="note">Processor time of all servers together, and of the load processes, for a thousand transactions; the kernel’s account, system calls included.</p>`,
    table(
      [
        { title: 'load' },
        { title: 'system' },
        numeric('servers s'),
        numeric('load s'),
        numeric('written, bytes each'),
        numeric('switches each'),
        numeric('resident MB'),
      ],
      outcome.loads.flatMap((one) =>
        one.results.map((result) => [
          nameOf(one),
          result.system,
          result.cpuSecondsPerThousand,
          result.clientCpuSecondsPerThousand,
          Math.round(result.perTransaction.bytesWritten),
          result.perTransaction.contextSwitches,
          Number((result.rssAnonBytes / 1e6).toFixed(1)),
        ]),
      ),
    ),
  );
}

/** Phases down, loads across: names of loads are short. */
function phaseChart(outcome: BenchOutcome, of: 'servers' | 'clients', title: string): Chart {
  const profiled = outcome.loads.filter(({ results }) => results[0]?.profile);
  const open = profiled.some(({ load }) => load.ratePerSecond !== undefined);
  return {
    title,
    kind: 'grid',
    x: { label: open ? 'offered a second' : 'outstanding' },
    y: { label: 'share of the main thread’s time', percent: true },
    points: profiled.flatMap(({ load, results }) =>
      phases.map((phase) => ({
        x: String(load.ratePerSecond ?? load.outstanding),
        y: results[0]!.profile![of].shares[phase],
        series: phase,
      })),
    ),
    series: phases,
  };
}

function hottest(title: string, { hottest: list }: Breakdown): Html {
  return folded(
    title,
    table(
      [{ title: 'share', numeric: true }, { title: 'phase' }, { title: 'function' }],
      list.map(({ name, phase, share }) => [`${(100 * share).toFixed(1)}%`, phase, name]),
    ),
  );
}

function breakdown(outcome: BenchOutcome): Html | undefined {
  const profiled = outcome.loads.filter(({ results }) => results[0]?.profile);
  if (profiled.length === 0) return undefined;
  return section(
    'Where the time goes',
    html`<p class="note">CPU profiles of every process in one more start of each load, which does not count above. Shares of the busy time of the main thread; a function without a file of its own counts for its caller.</p>`,
    html`<div class="row"><div>${chartHtml(phaseChart(outcome, 'servers', 'A signer'))}</div><div>${chartHtml(
      phaseChart(outcome, 'clients', 'A load process'),
    )}</div></div>`,
    profiled.map((one) => {
      const { servers, clients, otherThreads } = one.results[0]!.profile!;
      return html`<h3>${nameOf(one)}</h3><p class="note">Other threads of the signers (syncs, garbage collection, compiler): ${(100 * otherThreads).toFixed(1)}% of their processor time.</p>${hottest('The costliest functions of a signer', servers)}${hottest('The costliest functions of a load process', clients)}`;
    }),
  );
}

function asked({ loads, machine }: BenchOutcome): Html {
  const { load, results } = loads[0]!;
  const keys = load.keys.kind === 'distinct' ? 'distinct' : `${load.keys.kind} of ${load.keys.count}`;
  return section(
    'What was measured, on what',
    facts([
      ['signers', results[0]!.signers],
      ['load processes', load.clients],
      ['value bytes', load.bytes],
      ['conflicting', `${load.conflictPercent}%`],
      ['keys', keys],
      ['awaited', load.awaited],
      ['fresh starts', results[0]!.starts.length],
      ['seconds each', load.seconds],
      ['warm-up seconds', load.warmupSeconds],
      ['threads', machine.threads],
      ['memory', `${figure(Math.round(machine.memoryBytes / 2 ** 30))} GiB`],
      ['Node', machine.node],
      ...(machine.etcd ? [['etcd', machine.etcd] as const] : []),
      ['append and sync, ms', `${figure(machine.syncMs.median)}, at most ${figure(machine.syncMs.high)}`],
      ['processor', machine.processor],
      ['kernel', machine.system],
    ]),
    machine.dataInMemory
      ? html`<p><b class="bad">The data was kept in memory: nothing was durable.</b></p>`
      : undefined,
  );
}

/** The page, whole. */
export function benchPage(outcome: BenchOutcome): string {
  return pageOf({
    title: 'Throughput and latency',
    lead: `Real processes on loopback: ${outcome.loads[0]!.results[0]!.signers} signers with encrypted connections, votes on disk before they leave, every signature checked; separate load processes that wait for a verified receipt of each transaction.`,
    body: [
      tiles(outcome),
      section('Figures', chartHtml(throughputChart(outcome)), figuresTable(outcome)),
      ratios(outcome),
      section(
        'Latency',
        html`<div class="row">${outcome.loads.map((one) => html`<div>${chartHtml(latencyChart(one, nameOf(one)))}</div>`)}</div>`,
      ),
      costs(outcome),
      breakdown(outcome),
      ...memorySections(outcome.loads.map((one) => ({ name: nameOf(one), memory: one.results[0]?.memory }))),
      asked(outcome),
    ],
    foot: footOf(ownOrigin()),
  });
}
