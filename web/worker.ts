/**
 * The engine and the simulator, away from the page so that the page never stalls: runs what is asked for
 * and sends back the whole trace.
 */

import { attacks, findAttack } from '../sim/attacks/catalog.ts';
import { passed } from '../sim/run-report.ts';
import { traceRun } from '../sim/trace/run.ts';
import type { Trace } from '../sim/trace/trace.ts';
import type { RunRequest, RunSummary, WorkerMessage } from './protocol.ts';
import type { AttackCard, Choices } from './state/choices.ts';
import { crop } from './state/crop.ts';
import { attackOf, simulationOf } from './state/scenario.ts';
import { findStory } from './state/stories.ts';

interface Run {
  readonly trace: Trace;
  readonly summary: RunSummary;
}

function run(choices: Choices): Run {
  const title =
    findStory(choices.story)?.title ??
    (choices.attack === '' ? 'Your own experiment' : `Attack: ${choices.attack}`);
  return choices.attack === '' ? runScene(choices, title) : runAttack(choices, title);
}

function runScene(choices: Choices, title: string): Run {
  const { report, trace } = traceRun(simulationOf(choices), title);
  const good = passed(report);
  const count = Object.keys(report.checks).length;
  return {
    trace,
    summary: {
      verdict: good
        ? `All ${count} checks of this run hold: one order everywhere, nothing lost, nobody blamed wrongly.`
        : 'A check of this run objected.',
      tone: good ? 'well' : 'ill',
      objections: Object.entries(report.objections).map(([name, details]) => `${name}: ${details[0]}`),
    },
  };
}

function runAttack(choices: Choices, title: string): Run {
  const attack = findAttack(choices.attack);
  if (!attack) throw new Error(`attack: there is none with the name "${choices.attack}"`);
  const trial = attack.trial(attackOf(choices));
  if (!trial.trace)
    throw new Error(`attack: ${attack.name} has nothing to show under the rule ${choices.rule}`);
  const word = { succeeded: 'succeeded', failed: 'failed', unknown: 'could not be decided' }[trial.outcome];
  return {
    trace: { ...trial.trace, title },
    summary: {
      verdict: `The attack ${word}: ${trial.reason}.`,
      tone: trial.outcome === 'succeeded' ? 'ill' : trial.outcome === 'failed' ? 'well' : 'plain',
      objections: trial.violated.map((name) => `${name}: objected`),
    },
  };
}

/** Keys are refused before anything runs: there is nothing to draw. */
const undrawn = 'rogue-key';

const cards = attacks
  .filter(({ name }) => name !== undrawn)
  .map(
    ({ name, group, about, goal, rules, parameters }): AttackCard => ({
      name,
      group,
      about,
      goal,
      rules,
      parameters,
    }),
  );

/** The part of a worker's global object that is used here; the types of the page's library lack it. */
const scope = globalThis as unknown as {
  postMessage(message: WorkerMessage): void;
  onmessage: ((event: { readonly data: RunRequest }) => void) | null;
};

scope.onmessage = ({ data: { number, choices } }) => {
  try {
    const { trace, summary } = run(choices);
    scope.postMessage({ type: 'done', number, trace: crop(trace), summary });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    scope.postMessage({ type: 'failed', number, reason });
  }
};

scope.postMessage({ type: 'ready', attacks: cards });
