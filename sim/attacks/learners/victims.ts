/**
 * Learners under attack: two that take what is final by score and two that wait for blocks, each with
 * several liars and one honest signer to follow, the liars first. The attack has succeeded when one of them
 * applied what the committed order contradicts, skipped something, applied something twice, or stopped for
 * good although the honest signer could be reached.
 */

import type { SignerId } from '../../../src/base/ids.ts';
import { databaseDamage } from '../../checkers/database.ts';
import type { History } from '../../checkers/history.ts';
import { damage } from '../../checkers/learners.ts';
import { Following, type FollowingTiming } from '../../learners/following.ts';
import { type LearnerRecord, SimLearner } from '../../learners/learner.ts';
import { type StreamSource, Streams } from '../../learners/streams.ts';
import { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import type { AttackOptions, Trial } from '../attack.ts';
import { type Judgement, judged, liarsWith, sceneOf } from '../stage.ts';

/** What liars work with. */
export interface Scene {
  readonly world: World;
  readonly random: Random;
  readonly liars: readonly SignerId[];
}

/** Makes the server of one liar for one victim. */
type MakeLiar = (scene: Scene, liar: SignerId, honest: StreamSource, victim: number) => StreamSource;

const victims = 4;
/** Liars are tried again soon, and connections break, so that every lie gets many chances. */
const timing: FollowingTiming = { stallMs: 150, failedMs: 5, forgedMs: 20, breaksEveryMs: 60 };
/** Time to notice that nothing comes any more, and to follow somebody else, in ms. */
const graceMs = 3000;

interface Victim {
  readonly following: Following;
  /** The one source that does not lie. */
  readonly honest: StreamSource;
}

/** One trial: a federation under load, and learners that liars serve. */
export function attackLearners(options: AttackOptions, title: string, make: MakeLiar): Trial {
  const { liars, signers } = options;
  if (!Number.isInteger(liars) || liars < 1 || liars > signers - 1)
    throw new Error(`liars must be an integer from 1 to ${signers - 1}, not ${liars}: one signer is honest`);
  let placed: readonly Victim[] = [];
  const simulation = {
    ...sceneOf(options),
    adversaries: liarsWith(options, []),
    transactions: 40,
    durationMs: 1500,
    watch: (world: World) => {
      placed = placeVictims(world, options, make);
    },
  };
  return judged(options, simulation, ({ history, world }) => judge(history, world, placed), title);
}

function placeVictims(world: World, options: AttackOptions, make: MakeLiar): Victim[] {
  const streams = new Streams(world);
  const honest = world.nodes.map((node) => node.signer.id).filter((id) => !world.byzantine.has(id));
  const liars = [...world.byzantine].sort((a, b) => a - b);
  const random = new Random(`${options.seed}/learner attack`);
  return Array.from({ length: victims }, (_, victim) => {
    const sources = liars.map((liar) => {
      const scene = { world, random: random.stream(`${liar} ${victim}`), liars };
      return make(scene, liar, streams.source(honest[(victim + liar) % honest.length]!), victim);
    });
    const learner = new SimLearner(world.federation.verifier, victim % 2 === 0 ? 'score' : 'order');
    const last = streams.source(honest[victim % honest.length]!);
    const following = new Following(world, `victim ${victim}`, learner, [...sources, last], timing);
    return { following, honest: last };
  });
}

/** The history with the order as it is now: signers went on while the victims caught up. */
function orderNow(history: History, world: World): History {
  const batches = new Map(history.batches);
  const finals = history.finals.map((final) => {
    const engine = world.nodes[final.node]?.engine;
    if (!engine) return final;
    const { committed } = engine.order;
    const places = Array.from({ length: committed.frontier.size }, (_, i) => committed.placeAt(i)!);
    for (const { batch } of places) batches.set(batch, engine.batch(batch)!);
    return { ...final, places };
  });
  return { ...history, finals, batches };
}

function judge(before: History, world: World, placed: readonly Victim[]): Judgement {
  world.run(world.now + graceMs);
  const history = orderNow(before, world);
  const records = placed.map(({ following, honest }) => ({
    ...following.record(),
    reachable: honest.height(),
  }));
  const harm = records.flatMap((record) => [...damage(record, history), ...databaseDamage(record, history)]);
  const refused = records.reduce((sum, record) => sum + record.refused.length, 0);
  const applied = records.reduce((sum, record) => sum + record.applied.length, 0);
  return {
    reached: harm.length > 0 || apart(records),
    reason: harm[0] ?? `${records.length} learners applied the one order and refused ${refused} times`,
    figures: { refused, applied, harmed: harm.length },
  };
}

/** Two learners by order that are not on one line. */
function apart(records: readonly LearnerRecord[]): boolean {
  const lines = records.filter(({ finality }) => finality === 'order').map(({ applied }) => applied);
  const [one = [], other = []] = lines;
  return one.some(({ batch }, i) => other[i] !== undefined && other[i].batch.id !== batch.id);
}
