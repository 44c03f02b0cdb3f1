/** The output folder of one run: manifest, results for programs, the page for people, and its trace in two forms. */

import { describeCryptography } from '../federation.ts';
import type { SimulationOptions } from '../options.ts';
import { passed, type Report } from '../run-report.ts';
import { encodeScenario, materialise } from '../scenario.ts';
import { figuresOf } from '../sweep/trial.ts';
import type { Trace } from '../trace/trace.ts';
import { csvOf } from './csv.ts';
import { jsonLines, prettyJson, writeFolder } from './files.ts';
import type { TimeWindow } from './flights.ts';
import { command, facts, figure, type Html, headline, html, pageOf, section, table } from './markup.ts';
import { footOf, type Origin, ownOrigin } from './origin.ts';
import { shivizLog } from './shiviz.ts';
import { spaceTimeFile } from './space-time.ts';
import { diagramSection, latencySection, trafficSection } from './trace-section.ts';

export interface RunFolderOptions {
  /** Part of the run that the diagram shows. */
  readonly window?: TimeWindow;
  readonly origin?: Origin;
}

/** Writes everything about one run. @returns names of the files. */
export function writeRun(
  directory: string,
  options: SimulationOptions,
  report: Report,
  trace: Trace,
  { window = {}, origin = ownOrigin() }: RunFolderOptions = {},
): string[] {
  const scenario = encodeScenario(options);
  const { seed, traceHash, replay } = report;
  const bad = Object.entries(report.checks).filter(([, verdict]) => verdict !== 'ok');
  return writeFolder(directory, {
    'manifest.json': prettyJson({
      title: trace.title,
      version: origin.version,
      node: origin.node,
      commands: [origin.command],
      seeds: [seed],
      traceHashes: [traceHash],
      options: JSON.parse(scenario) as unknown,
      replay,
    }),
    'scenario.json': encodeScenario(materialise(options)),
    'results.jsonl': jsonLines([report]),
    'results.csv': csvOf([
      {
        seed,
        signers: report.signers,
        byzantine: report.byzantine,
        faulty: report.faulty,
        network: report.network,
        verdict: bad.length === 0 ? 'ok' : bad.map(([name, verdict]) => `${name} ${verdict}`).join(', '),
        ...figuresOf(report),
        traceHash,
        replay,
      },
    ]),
    'report.html': runPage(options, report, trace, window, origin),
    'space-time.svg': spaceTimeFile(trace, window),
    'shiviz.log': shivizLog(trace),
  });
}

function runPage(
  options: SimulationOptions,
  report: Report,
  trace: Trace,
  window: TimeWindow,
  origin: Origin,
): string {
  const { seed, signers, byzantine, faulty, network } = report;
  return pageOf({
    title: `Run with ${trace.title}`,
    lead: html`${signers} signers on ${network}, at most ${byzantine} Byzantine and ${faulty} faulty in any way; a certificate has ${trace.quorum} votes, and a score of ${trace.threshold} of ${signers} is final. Seed ${seed}.`,
    body: [
      tiles(report),
      checks(report),
      latencySection(trace),
      diagramSection(trace, window),
      trafficSection(trace),
      section('What was asked for', asked(options, report)),
    ],
    foot: footOf(origin),
  });
}

function tiles(report: Report): Html {
  const { finality, latencyMs } = report;
  const bad = Object.values(report.checks).filter((verdict) => verdict !== 'ok').length;
  return headline([
    {
      name: 'checks',
      value: bad === 0 ? 'all ok' : `${bad} not ok`,
      tone: bad === 0 ? 'good' : 'bad',
    },
    { name: 'transactions', value: report.transactions },
    { name: 'final by score', value: finality.score },
    { name: 'final by order', value: finality.order },
    { name: 'open', value: finality.open, ...(finality.open > 0 && { tone: 'unsure' as const }) },
    { name: 'ms to final, median', value: latencyMs.p50 },
    { name: 'messages', value: report.messages },
  ]);
}

/** Objections first; what is well is one line. */
function checks(report: Report): Html {
  const all = Object.entries(report.checks);
  const bad = all.filter(([, verdict]) => verdict !== 'ok');
  const good = all.filter(([, verdict]) => verdict === 'ok').map(([name]) => name);
  const rows = bad.map(([name, verdict]) => [
    name,
    html`<b class="${verdict === 'violated' ? 'bad' : 'unsure'}">${verdict}</b>`,
    html`${(report.objections[name] ?? []).map((one) => html`<div>${one}</div>`)}`,
  ]);
  return section(
    'Checks',
    rows.length > 0 ? table([{ title: 'check' }, { title: 'verdict' }, { title: 'why' }], rows) : undefined,
    html`<p><b class="good">Ok:</b> ${good.join(', ') || 'none'}.</p>`,
    html`<p class="note">${passed(report) ? 'The same run again:' : 'This run fails. The same run again:'}</p>`,
    command(report.replay),
  );
}

function asked(options: SimulationOptions, report: Report): Html {
  const liars = report.liars.map(({ signer, strategies }) => [
    `s${signer}`,
    strategies.map(({ name, parameters }) => `${name} ${JSON.stringify(parameters)}`).join('; '),
  ]);
  const faults = report.faults.faults.map(({ kind, at, forMs, ...rest }) => [
    kind,
    figure(at),
    figure(forMs),
    Object.entries(rest)
      .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
      .join(', '),
  ]);
  return html`${facts([
    ['seed', report.seed],
    ['network', report.network],
    ['signatures', describeCryptography(options.crypto)],
    ['computing', options.costs === 'measured' ? 'as measured' : 'takes no time'],
    ['blocks', report.height],
    ['simulated events', report.events],
    ['virtual time', `${figure(report.virtualMs)} ms`],
    ['blamed', report.blamed.map((id) => `s${id}`).join(' ') || 'nobody'],
    ['trace hash', report.traceHash],
  ])}
<h3>Liars</h3>${liars.length > 0 ? table([{ title: 'signer' }, { title: 'strategies' }], liars) : html`<p class="note">None.</p>`}
<h3>Faults</h3>${
    faults.length > 0
      ? table(
          [
            { title: 'kind' },
            { title: 'at ms', numeric: true },
            { title: 'for ms', numeric: true },
            { title: 'what' },
          ],
          faults,
        )
      : html`<p class="note">None.</p>`
  }`;
}
