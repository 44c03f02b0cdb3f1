/**
 * Class 4, front-running. A liar that is an inner node of the victim's tree sees the transaction come down, has
 * its own ordered by everybody it can reach first, and passes the victim's on late; or the liar is the very
 * ingress to which the victim sent.
 *
 * An inner node: what answers it is the pair's majority (section 7). The ingress and all above the liar have the
 * victim's transaction already, and the liars' votes are `f` of `n`. An ingress that alone knows can always put its
 * own first. A client that minds sends to several signers at once (`copies`): they spread it while the liar reacts
 * (`reactMs`), and an id is executed once, at its first place. Without that moment copies are of no use: each is a
 * batch of its own, and the liar tells everybody directly. Under first come, first served a lying leader always
 * succeeds.
 */

import { textOf } from '../../../src/base/bytes.ts';
import type { SignerId } from '../../../src/base/ids.ts';
import type { Chosen } from '../../adversaries/catalog.ts';
import { frontRunnerClient } from '../../adversaries/frontrun.ts';
import type { SimulationOptions, Submission } from '../../options.ts';
import type { World } from '../../world.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { liarsWith, sceneOf } from '../stage.ts';
import { type Knobs, knobsOf } from './knobs.ts';
import { ahead, byClient, honestSigners, type Race, raced, type Standing } from './race.ts';

const startMs = 100;

/** The liars' own transactions: before the victim's and, in a sandwich, behind it. */
const againstFrontRunner: Race = {
  sideOf: (transaction) => {
    if (textOf(transaction.client) !== frontRunnerClient) return byClient.sideOf(transaction);
    return textOf(transaction.body).startsWith('before') ? 'attacker' : 'behind';
  },
};

/** Liars that run before the victim and vote for what they sent. */
const frontRunners = (holdMs: number, back: boolean): readonly Chosen[] => [
  { name: 'front-runner', parameters: { victim: 'victim', chance: 1, holdMs, direct: true, back } },
  { name: 'partisan-votes', parameters: { client: '' } },
];

const parameters: readonly AttackParameter[] = [
  {
    name: 'place',
    initial: 'inner',
    values: ['inner', 'ingress'],
    about: 'where the liar sits: inner node of the tree, or the ingress',
  },
  { name: 'copies', initial: 1, min: 1, about: 'signers to which the victim sends its transaction' },
  { name: 'reactMs', initial: 1, min: 0, about: 'how long a lying ingress takes to send its own, in ms' },
  { name: 'holdMs', initial: 20, min: 0, about: 'how long liars keep what they should pass on, in ms' },
];

/** The victim sends to a lying ingress first, which on seeing it puts its own in front; copies go to honest signers. */
function atLyingIngress(world: World, copiesAt: readonly SignerId[], reactMs: number): void {
  const liar = 0 as SignerId;
  world.schedule.after(startMs, () => {
    const victim = world.transaction(['prize'], 'victim', { client: 'victim' });
    for (const to of copiesAt) world.submit(to, victim);
    world.schedule.after(reactMs, () => {
      world.submit(liar, world.transaction(['prize'], 'attacker', { client: 'attacker' }));
      world.submit(liar, victim);
    });
  });
}

/** What is sent, and by whom. */
function sent(options: AttackOptions, knobs: Knobs): Pick<SimulationOptions, 'submissions' | 'watch'> {
  const honest = honestSigners(options);
  const copies = knobs.number('copies');
  if (knobs.text('place') !== 'ingress' || options.liars === 0) {
    const to = honest.slice(0, copies);
    return {
      submissions: [{ at: startMs, to, dependencies: ['prize'], client: 'victim', body: 'victim' }],
    };
  }
  const reactMs = knobs.number('reactMs');
  return {
    submissions: [],
    watch: (world) => atLyingIngress(world, honest.slice(0, copies - 1), reactMs),
  };
}

export const frontRun: Attack = {
  name: 'front-run',
  group: 4,
  about: 'a liar on the way of a transaction has its own ordered before it',
  goal: "the liar's transaction, made on seeing the victim's, is ordered before it",
  rules: ['engine', 'source', 'fcfs', 'median'],
  parameters,
  trial(options) {
    const knobs = knobsOf(parameters, options);
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, frontRunners(knobs.number('holdMs'), false)),
      ...sent(options, knobs),
      durationMs: 1000,
    };
    return raced(options, simulation, againstFrontRunner, ahead, {});
  },
};

const sandwichParameters: readonly AttackParameter[] = [
  {
    name: 'reactMs',
    initial: 0,
    about: "from the victim's sending to the attacker's, in ms; below 0 a head start",
  },
  { name: 'behindMs', initial: 5, min: 0, about: "from the victim's sending to the second one's, in ms" },
];

const between = ({ attacker, victim, behind }: Standing) => {
  if (attacker === undefined || victim === undefined || behind === undefined)
    throw new Error('one of the three transactions is not in the order');
  return attacker < victim && victim < behind
    ? { reached: true, reason: "the victim's transaction stands between the attacker's two" }
    : { reached: false, reason: "the victim's transaction is not between the attacker's two" };
};

/**
 * Class 5, sandwich: a client with two transactions, one to stand before the victim's and one behind it, and liars
 * that vote for it. The first half is front-running and is answered alike; the second half is a client's right.
 */
export const sandwich: Attack = {
  name: 'sandwich',
  group: 5,
  about: "a client with two transactions around the victim's",
  goal: "the victim's transaction is ordered between the attacker's two",
  rules: ['engine', 'source', 'fcfs', 'median'],
  parameters: sandwichParameters,
  trial(options) {
    const knobs = knobsOf(sandwichParameters, options);
    const [near, far = near] = honestSigners(options);
    const reactMs = knobs.number('reactMs');
    const send = (client: string, to: SignerId, at: number): Submission => ({
      at: startMs + at,
      to,
      dependencies: ['prize'],
      client,
      body: client,
    });
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [{ name: 'partisan-votes', parameters: { client: 'attacker' } }]),
      submissions: [
        send('victim', near!, 0),
        send('attacker', far!, reactMs),
        send('behind', far!, knobs.number('behindMs')),
      ],
      durationMs: 1000,
    };
    return raced(options, simulation, byClient, between, { reactMs });
  },
};
