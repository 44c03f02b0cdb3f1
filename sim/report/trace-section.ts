/** What a page shows of a trace: the diagram with its key, messages by type, and how latency spreads. */

import type { Trace } from '../trace/trace.ts';
import { type Chart, chartHtml } from './chart.ts';
import type { TimeWindow } from './flights.ts';
import { beside, type Html, html, raw, section, table } from './markup.ts';
import { families, familyOf, type SpaceTime, spaceTime } from './space-time.ts';

const key = (shape: string, name: string): Html =>
  html`<li><svg width="20" height="14" viewBox="-10 -7 20 14" aria-hidden="true">${raw(shape)}</svg>${name}</li>`;

const marks: readonly (readonly [string, string])[] = [
  ['<path d="M-4-3.5l6 3.5l-6 3.5z" fill="var(--soft)"/>', 'a client submits'],
  [
    '<path d="M-4.5-4.5h9v9h-9z" fill="var(--paper)" stroke="var(--ink)" stroke-width="1.6"/>',
    'a batch is made',
  ],
  ['<circle r="4.2" fill="var(--good)"/>', 'delivered by score'],
  ['<path d="M0-5.2l5.2 5.2l-5.2 5.2l-5.2-5.2z" fill="var(--c3)"/>', 'delivered by order'],
  ['<path d="M-8 0h16" stroke="var(--c3)" stroke-width="3"/>', 'block committed'],
  ['<path d="M-4.5-4.5l9 9m0-9l-9 9" stroke="var(--bad)" stroke-width="2.4"/>', 'a signer stops'],
  ['<path d="M-3 6v-12l8 3l-8 3" fill="var(--bad)" stroke="var(--bad)"/>', 'evidence'],
  [
    '<path d="M-9 0h18" stroke="var(--soft)" stroke-width="1.3" stroke-dasharray="2 2.5"/>',
    'does not arrive',
  ],
];

const legend = (): Html =>
  html`<ul class="legend">${families.map(({ name, colour }) =>
    key(
      `<path d="M-9 0h16" stroke="${colour}" stroke-width="1.8"/><circle cx="7" r="2.4" fill="${colour}"/>`,
      name,
    ),
  )}${marks.map(([shape, name]) => key(shape, name))}</ul>`;

/** Room that a page has on a screen and on a phone. */
const widthsPx = [1120, 352] as const;

const diagram = (size: 'wide' | 'narrow', { head, body }: SpaceTime): Html =>
  html`<div class="diagram ${size}" tabindex="0" role="region" aria-label="Space-time diagram, scrolls"><div class="sheet"><div class="head">${raw(head)}</div>${raw(body)}</div></div>`;

/** The space-time diagram of a part of a trace. */
export function diagramSection(trace: Trace, window: TimeWindow = {}): Html {
  const [wide, narrow] = widthsPx.map((widthPx) => spaceTime(trace, window, widthPx)) as [
    SpaceTime,
    SpaceTime,
  ];
  return section(
    'Space-time diagram',
    html`<p class="note">Time goes down; each vertical line is a signer, each slanted line a message. ${wide.note} Letters are batches in order of appearance.</p>`,
    legend(),
    diagram('wide', wide),
    // Few lines fit a phone when they stand closer; many scroll either way.
    diagram('narrow', narrow),
    html`<p class="note">The same as a file: space-time.svg. For ShiViz: shiviz.log.</p>`,
  );
}

interface Traffic {
  readonly type: string;
  readonly messages: number;
  readonly bytes: number;
}

function trafficOf({ events }: Trace): Traffic[] {
  const byType = new Map<string, { messages: number; bytes: number }>();
  for (const event of events)
    if (event.kind === 'sent') {
      const { messages, bytes } = byType.get(event.type) ?? { messages: 0, bytes: 0 };
      byType.set(event.type, { messages: messages + 1, bytes: bytes + event.bytes });
    }
  return [...byType]
    .map(([type, one]) => ({ type, ...one }))
    .sort((a, b) => familyOf(a.type) - familyOf(b.type) || (a.type < b.type ? -1 : 1));
}

/** What went over the network, by type of message. */
export function trafficSection(trace: Trace): Html {
  const traffic = trafficOf(trace);
  const chart: Chart = {
    title: 'Messages by type',
    kind: 'bar',
    x: { label: 'type' },
    y: { label: 'messages' },
    points: traffic.map(({ type, messages }) => ({ x: type, y: messages, series: '' })),
    series: [''],
  };
  const all = traffic.reduce((sum, { messages }) => sum + messages, 0);
  return section(
    'Traffic',
    beside(
      chartHtml(chart),
      table(
        [
          { title: 'type' },
          { title: 'messages', numeric: true },
          { title: 'share', numeric: true },
          { title: 'bytes each', numeric: true },
        ],
        traffic.map(({ type, messages, bytes }) => [
          type,
          messages,
          `${((100 * messages) / all).toFixed(1)}%`,
          bytes === 0 ? '–' : Math.round(bytes / messages),
        ]),
      ),
    ),
  );
}

/** Latencies of transactions in ms by how they became final first. */
export function latenciesOf({ events }: Trace): Record<'score' | 'order', number[]> {
  const submitted = new Map<string, number>();
  const transactions = new Map<string, readonly string[]>();
  const found: Record<'score' | 'order', number[]> = { score: [], order: [] };
  for (const event of events) {
    if (event.kind === 'submitted' && !submitted.has(event.transaction))
      submitted.set(event.transaction, event.at);
    if (event.kind === 'made') transactions.set(event.batch, event.transactions);
    if (event.kind !== 'delivered' || event.void) continue;
    for (const id of transactions.get(event.batch) ?? []) {
      const at = submitted.get(id);
      if (at === undefined) continue;
      found[event.finality].push(event.at - at);
      submitted.delete(id);
    }
  }
  return found;
}

const curvePointsMax = 200;

/** Share of transactions that are final after so long, at the first signer. */
export function latencySection(trace: Trace): Html | undefined {
  const found = latenciesOf(trace);
  const names = (['score', 'order'] as const).filter((name) => found[name].length > 0);
  if (names.length === 0) return undefined;
  const series = names.map((name) => `by ${name}`);
  const points = names.flatMap((name, i) => {
    const sorted = found[name].sort((a, b) => a - b);
    const step = Math.max(1, Math.ceil(sorted.length / curvePointsMax));
    return sorted.flatMap((x, k) =>
      k % step === 0 || k === sorted.length - 1
        ? [{ x, y: (k + 1) / sorted.length, series: series[i]! }]
        : [],
    );
  });
  const at = (values: readonly number[], share: number): string => {
    const value = values[Math.min(values.length - 1, Math.floor(share * values.length))]!;
    return value.toFixed(2);
  };
  return section(
    'Latency',
    beside(
      chartHtml({
        title: 'Share of transactions that are final after so long',
        kind: 'curve',
        x: { label: 'ms from submission to the first delivery', log: true },
        y: { label: 'share', percent: true },
        points,
        series,
      }),
      table(
        [
          { title: 'final' },
          { title: 'count', numeric: true },
          ...['p50', 'p90', 'p99'].map((title) => ({ title: `${title} ms`, numeric: true })),
        ],
        names.map((name) => [
          `by ${name}`,
          found[name].length,
          ...[0.5, 0.9, 0.99].map((share) => at(found[name], share)),
        ]),
      ),
    ),
  );
}
