/** `sim shrink`: cuts a failing run down and leaves a scenario file that still fails the same check. */

import { writeFileSync } from 'node:fs';
import type { SimulationOptions } from '../../../sim/options.ts';
import { simulate } from '../../../sim/run.ts';
import { passed, type Report } from '../../../sim/run-report.ts';
import { encodeScenario, materialise } from '../../../sim/scenario.ts';
import { type RunSize, type Shrunk, shrink } from '../../../sim/shrink/shrink.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';
import { type RunFlags, simulationOptions } from './flags.ts';

export interface ShrinkFlags extends RunFlags {
  readonly out: string;
  readonly budget?: number;
}

const budgetDefault = 400;

const badChecks = (report: Report): string[] =>
  Object.keys(report.checks).filter((name) => report.checks[name] !== 'ok');

/** @param say is told now and then how far it is. */
export async function shrinkCommand(
  flags: ShrinkFlags,
  say: (line: string) => void,
): Promise<Result<{ text: string; json: unknown }>> {
  const options = await simulationOptions(flags);
  if (!options.ok) return options;
  const run = (one: SimulationOptions): Report => simulate({ ...one, schemes: nodeSchemes });
  const report = run(options.value);
  if (passed(report)) return refuse('PASSES', 'this run passes every check: there is nothing to shrink');
  // Any of the checks that failed first; another failure would be another bug.
  const wanted = new Set(badChecks(report));
  // Found out before the work, not after it.
  writeFileSync(flags.out, encodeScenario(options.value));
  say(`shrinking a run that fails ${[...wanted].join(', ')}`);
  const shrunk = shrink(options.value, (one) => badChecks(run(one)).some((name) => wanted.has(name)), {
    budget: flags.budget ?? budgetDefault,
    materialise,
    progress: (runs, size) => {
      if (runs % 20 === 0) say(`  ${runs} runs: ${sizeText(size)}`);
    },
  });
  writeFileSync(flags.out, encodeScenario(shrunk.options));
  const replay = `npx musig-paxos sim run --scenario ${flags.out}`;
  return accept({
    text: shrunkText(shrunk, flags.out, replay),
    json: { ...shrunk, file: flags.out, replay },
  });
}

const sizeText = ({ faults, liars, strategies, submissions, durationMs }: RunSize): string =>
  `${submissions} submissions, ${faults} faults, ${liars} liars with ${strategies} strategies, ${durationMs} ms`;

function shrunkText({ runs, before, after, end }: Shrunk, file: string, replay: string): string {
  const why = end === 'minimal' ? 'nothing that is left can be left out' : 'the budget of runs is used up';
  return [
    `before  ${sizeText(before)}`,
    `after   ${sizeText(after)}`,
    `        ${runs} runs; ${end === 'passes' ? 'written out in full, the run no longer fails' : why}`,
    `written to ${file}`,
    `replay: ${replay}`,
  ].join('\n');
}
