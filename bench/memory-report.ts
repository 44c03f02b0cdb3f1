/** Memory over a run, as sections of the report. */

import { type Chart, chartHtml } from '../sim/report/chart.ts';
import { figure, type Html, html, section, table } from '../sim/report/markup.ts';
import type { MemoryResult, ProcessUse } from './memory.ts';

const megabyte = 1e6;

function overTime({ samples }: MemoryResult, title: string, of: (use: ProcessUse) => number): Chart {
  return {
    title,
    kind: 'curve',
    x: { label: 'minutes' },
    y: { label: 'MB' },
    points: samples.flatMap(({ atSeconds, processes }) =>
      processes.map((use) => ({ x: atSeconds / 60, y: of(use) / megabyte, series: use.name })),
    ),
    series: samples[0]?.processes.map(({ name }) => name) ?? [],
  };
}

const verdict = (flat: boolean | undefined): Html =>
  flat === undefined
    ? html`<span class="unsure">too few samples</span>`
    : flat
      ? html`<b class="good">yes</b>`
      : html`<b class="bad">no</b>`;

/** One section for each load whose memory was watched. */
export function memorySections(
  loads: readonly { readonly name: string; readonly memory: MemoryResult | undefined }[],
): Html[] {
  const numeric = (title: string) => ({ title, numeric: true });
  const inMegabytes = (bytes: number): string => figure(Number((bytes / megabyte).toFixed(1)));
  return loads.flatMap(({ name, memory }) => {
    if (!memory) return [];
    const { learner } = memory;
    return [
      section(
        `Memory, ${name}`,
        html`<div class="row"><div>${chartHtml(
          overTime(memory, 'Resident, not backed by a file', (use) => use.rssAnonBytes),
        )}</div><div>${chartHtml(overTime(memory, 'Data on disk', (use) => use.dataBytes))}</div></div>`,
        table(
          [
            { title: 'process' },
            numeric('MB at first'),
            numeric('at last'),
            numeric('at most'),
            numeric('MB a minute, second half'),
            { title: 'flat' },
            numeric('MB on disk'),
          ],
          memory.trends.map((one) => [
            one.name,
            inMegabytes(one.rssAnonBytesFirst),
            inMegabytes(one.rssAnonBytesLast),
            inMegabytes(one.rssAnonBytesMax),
            inMegabytes(one.bytesPerMinute),
            verdict(one.flat),
            inMegabytes(one.dataBytesLast),
          ]),
        ),
        learner &&
          html`<p>When the load ended the learner was ${learner.behind} transactions behind what the signers had committed; ${
            learner.caughtUpSeconds === undefined
              ? html`<b class="bad">it had not caught up after a minute</b>`
              : `it caught up in ${figure(learner.caughtUpSeconds)} s`
          }.</p>`,
      ),
    ];
  });
}
