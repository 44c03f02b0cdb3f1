/** The output folder of one trial of an attack: what the attack wanted, what it reached, and how that looked. */

import type { Attack, AttackOptions, Trial } from '../attacks/attack.ts';
import { attackReplay } from '../sweep/replay.ts';
import { csvOf } from './csv.ts';
import { jsonLines, prettyJson, writeFolder } from './files.ts';
import { command, facts, figure, type Html, headline, html, pageOf, section, table } from './markup.ts';
import { footOf, ownOrigin } from './origin.ts';
import type { RunFolderOptions } from './run-folder.ts';
import { shivizLog } from './shiviz.ts';
import { spaceTimeFile } from './space-time.ts';
import { diagramSection, trafficSection } from './trace-section.ts';

/** Writes everything about one trial; the pictures need a trial that was traced. @returns names of the files. */
export function writeTrialFolder(
  directory: string,
  attack: Attack,
  options: AttackOptions,
  trial: Trial,
  { window = {}, origin = ownOrigin() }: RunFolderOptions = {},
): string[] {
  const { trace, ...result } = trial;
  const replay = attackReplay(attack.name, options);
  const { seed, rule, signers, byzantine, faulty, liars, network, threshold } = options;
  return writeFolder(directory, {
    'manifest.json': prettyJson({
      title: `attack ${attack.name}`,
      version: origin.version,
      node: origin.node,
      commands: [origin.command],
      seeds: [seed],
      traceHashes: [trial.traceHash],
      options,
      replay,
    }),
    'results.jsonl': jsonLines([{ attack: attack.name, seed, ...result, replay }]),
    'results.csv': csvOf([
      {
        attack: attack.name,
        ...{ seed, rule, threshold, signers, byzantine, faulty, liars, network },
        ...options.parameters,
        outcome: trial.outcome,
        reason: trial.reason,
        violated: trial.violated.join(' '),
        ...trial.figures,
        traceHash: trial.traceHash,
        replay,
      },
    ]),
    'report.html': pageOf({
      title: `Attack ${attack.name}, seed ${seed}`,
      lead: html`${attack.about} The goal: ${attack.goal}`,
      body: [
        tiles(options, trial),
        outcome(trial, replay),
        trace && diagramSection(trace, window),
        trace && trafficSection(trace),
        section('What was asked for', asked(options)),
      ],
      foot: footOf(origin),
    }),
    ...(trace && { 'space-time.svg': spaceTimeFile(trace, window), 'shiviz.log': shivizLog(trace) }),
  });
}

function tiles({ rule, liars, signers, threshold }: AttackOptions, trial: Trial): Html {
  const names = (ids: readonly number[]): string => ids.map((id) => `s${id}`).join(' ') || 'nobody';
  return headline([
    {
      name: 'the attack',
      value: trial.outcome,
      tone: trial.outcome === 'succeeded' ? 'bad' : trial.outcome === 'failed' ? 'good' : 'unsure',
    },
    { name: 'rule', value: threshold === undefined ? rule : `${rule}, ${figure(100 * threshold)}%` },
    { name: `of ${signers} signers lie`, value: liars },
    { name: 'liars', value: names(trial.liars) },
    { name: 'blamed', value: names(trial.blamed) },
  ]);
}

function outcome(trial: Trial, replay: string): Html {
  const figures = Object.entries(trial.figures);
  return section(
    'What happened',
    html`<p>${trial.reason}</p>`,
    trial.violated.length > 0
      ? html`<p><b class="bad">Violated:</b> ${trial.violated.join(', ')}.</p>`
      : undefined,
    figures.length > 0 ? table([{ title: 'figure' }, { title: 'value', numeric: true }], figures) : undefined,
    html`<p class="note">The same trial again:</p>`,
    command(replay),
  );
}

const asked = ({
  seed,
  rule,
  threshold,
  extraSlack,
  signers,
  byzantine,
  faulty,
  liars,
  network,
  parameters,
}: AttackOptions): Html =>
  facts([
    ['seed', seed],
    ['rule', rule],
    ...(threshold === undefined ? [] : [['threshold', figure(threshold)] as const]),
    ...(extraSlack === undefined ? [] : [['extra slack', figure(extraSlack)] as const]),
    ['signers', signers],
    ['byzantine', byzantine],
    ['faulty', faulty],
    ['liars', liars],
    ['network', network],
    ...Object.entries(parameters).map(([name, value]) => [name, String(value)] as const),
  ]);
