/**
 * The engine and the simulator, away from the page so that the page never stalls: runs what is asked for
 * and sends back the whole trace.
 */

import { attacks, findAttack } from '../sim/attacks/catalog.ts';
import { passed } from '../sim/run.ts';
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
  const title = findStory(choices.story)?.title ?? 'Your own experiment';
  return choices.attack === '' ? runScene(choices, title) : runAttack(choices);
}

function runScene(choices: Choices, title: string): Run {
  const { report, trace } = traceRun(simulationOf(choices), title);
  const { score, order, open } = report.finality;
  const good = passed(report);
  const count = Object.keys(report.checks).length;
  return {
    trace,
    summary: {
      verdict: good
        ? `All ${count} checks of the run hold. Final by score: ${score}, by order: ${order}${open > 0 ? `, open: ${open}` : ''}.`
        : 'A check of the run objected.',
      tone: good ? 'good' : 'bad',
      objections: Object.entries(report.objections).map(([name, details]) => `${name}: ${details[0]}`),
    },
  };
}

function runAttack(choices: Choices): Run {
  const attack = findAttack(choices.attack);
  if (!attack) throw new Error(`attack: there is none with the name "${choices.attack}"`);
  const trial = attack.trial(attackOf(choices));
  if (!trial.trace) throw new Error(`attack: ${attack.name} has nothing to show under the rule ${choices.rule}`);
  const word = { succeeded: 'succeeded', failed: 'failed', unknown: 'could not be decided' }[trial.outcome];
  return {
    trace: trial.trace,
    summary: {
      verdict: `The attack ${word}: ${trial.reason}`,
      tone: trial.outcome === 'succeeded' ? 'bad' : trial.outcome === 'failed' ? 'good' : 'plain',
      objections: trial.violated.map((name) => `${name}: objected`),
    },
  };
}

const cards = attacks.map(
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
