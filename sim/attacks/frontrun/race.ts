/**
 * A race for a place in the order: an attacker's transaction against a victim's. One run of the real engine
 * gives the arrivals; who won is asked of the engine's order, or of what another rule makes of the same
 * arrivals. A liar's report may be anything: here it has the attacker's first and the victim's last.
 */

import { textOf } from '../../../src/base/bytes.ts';
import { allSigners, type BatchId, type SignerId, type TransactionId } from '../../../src/base/ids.ts';
import type { Batch } from '../../../src/messages/batch.ts';
import type { Transaction } from '../../../src/messages/transaction.ts';
import { fairnessOf } from '../../checkers/fairness.ts';
import type { History } from '../../checkers/history.ts';
import { conflict, quorumSize } from '../../checkers/rules.ts';
import type { SimulationOptions } from '../../options.ts';
import { Random } from '../../random.ts';
import type { Arrival, Arrivals } from '../../rules/arrivals.ts';
import { fcfsOrder } from '../../rules/fcfs.ts';
import { medianOrder } from '../../rules/median.ts';
import type { RuleName } from '../../rules/rule.ts';
import { reportedOrder } from '../../rules/source/reported.ts';
import type { World } from '../../world.ts';
import type { AttackOptions, Trial } from '../attack.ts';
import { type Judgement, judged, type StagedRun } from '../stage.ts';

/** Clients of a race; the attacker's second transaction is the one behind the victim's. */
export type Side = 'victim' | 'attacker' | 'behind' | 'other';

export interface Race {
  /** Whose transaction it is. */
  sideOf(transaction: Transaction): Side;
  /** Who leads under first come, first served; drawn from the seed when absent. */
  readonly leader?: SignerId;
  /** Whether liars report to other rules what they accepted, because what they do comes before; absent: they lie. */
  readonly trueReports?: boolean;
}

/** Races in which each side's client has the side's name. */
export const byClient: Race = {
  sideOf: ({ client }) => {
    const name = textOf(client);
    return name === 'victim' || name === 'attacker' || name === 'behind' ? name : 'other';
  },
};

/** What honest signers accepted, in order. */
function honestArrivals({ entries, honest }: History): Arrivals {
  const orders = new Map<SignerId, Map<BatchId, Arrival>>();
  for (const id of [...honest].sort((a, b) => a - b)) orders.set(id, new Map());
  for (const entry of entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'arrived') continue;
    const order = orders.get(entry.node);
    const { id } = entry.event.batch;
    if (order && !order.has(id)) order.set(id, { id, at: entry.at });
  }
  return [...orders].map(([signer, order]) => ({ signer, order: [...order.values()] }));
}

const rankOf: Record<Side, number> = { attacker: 0, other: 1, victim: 2, behind: 3 };

/** The best lie: the attacker's first, the victim's last, whatever happened. */
function reportedBy(liar: SignerId, arrivals: Arrivals, sideOf: (id: BatchId) => Side): Arrivals[number] {
  const known = new Map(arrivals.flatMap(({ order }) => order.map((one) => [one.id, one.at] as const)));
  const order = [...known].map(([id, at]) => ({ id, at })).sort((a, b) => a.at - b.at);
  order.sort((a, b) => rankOf[sideOf(a.id)] - rankOf[sideOf(b.id)]);
  return { signer: liar, order: order.map(({ id }, i) => ({ id, at: i })) };
}

/** What liars were told of or made themselves, in order; their engines' events are not observed. */
class SeenByLiars {
  readonly #orders = new Map<SignerId, Map<BatchId, Arrival>>();

  constructor(world: World) {
    const note = (at: SignerId, { id }: Batch): void => {
      if (!world.byzantine.has(at)) return;
      const order = this.#orders.get(at) ?? new Map<BatchId, Arrival>();
      this.#orders.set(at, order);
      if (!order.has(id)) order.set(id, { id, at: world.now });
    };
    world.watchers.push({
      received: (_, to, message) => message.type === 'announce' && note(to, message.batch),
      sent: (from, _, message) => message.type === 'announce' && note(from, message.batch),
    });
  }

  reportOf(liar: SignerId): Arrivals[number] {
    return { signer: liar, order: [...(this.#orders.get(liar)?.values() ?? [])] };
  }
}

/**
 * Batches in the order that a rule gives them.
 * @param seen what liars saw, where they report the truth; absent: they lie.
 */
export function orderUnder(
  rule: RuleName,
  { history, world }: StagedRun,
  race: Race,
  seed: string,
  seen?: SeenByLiars,
): readonly Batch[] {
  const batchOf = (id: BatchId): Batch => history.batches.get(id)!;
  if (rule === 'engine') {
    const [final] = [...history.finals].sort((a, b) => b.places.length - a.places.length);
    return (final?.places ?? []).filter((place) => !place.void).map((place) => batchOf(place.batch));
  }
  const honest = honestArrivals(history);
  const sideOf = (id: BatchId): Side => {
    const sides = batchOf(id).transactions.map((one) => race.sideOf(one));
    return sides.find((side) => side !== 'other') ?? 'other';
  };
  const liars = [...world.byzantine].map((liar) => seen?.reportOf(liar) ?? reportedBy(liar, honest, sideOf));
  const arrivals = [...honest, ...liars].sort((a, b) => a.signer - b.signer);
  const order = (): readonly BatchId[] => {
    if (rule === 'median') return medianOrder(arrivals, history.n, 'position');
    if (rule === 'fcfs')
      return fcfsOrder(arrivals, race.leader ?? new Random(`${seed}/leader`).pick(allSigners(history.n)));
    const input = {
      arrivals,
      quorum: quorumSize(history),
      comparison: 'sorted',
      conflict: (a: BatchId, b: BatchId) => conflict(batchOf(a), batchOf(b)),
    } as const;
    return reportedOrder(input).map((place) => place.id);
  };
  return order().map(batchOf);
}

/** Place of the first transaction of a side, counted in transactions; undefined when it is not in the order. */
function placeOf(order: readonly Batch[], race: Race, side: Side): number | undefined {
  const place = order.flatMap((batch) => batch.transactions).findIndex((one) => race.sideOf(one) === side);
  return place < 0 ? undefined : place;
}

/** The history without the batches of transactions that were sent after a moment, to see whether all goes on. */
function withoutProbes({ history, world }: StagedRun, untilMs: number): History {
  const isProbe = (id: BatchId): boolean =>
    history.batches
      .get(id)!
      .transactionIds.some((one) => (world.submitted.get(one)?.at ?? Number.NEGATIVE_INFINITY) >= untilMs);
  const finals = history.finals.map((final) => ({
    ...final,
    places: final.places.filter((place) => !isProbe(place.batch)),
  }));
  return { ...history, finals };
}

/** Of the transactions that clients sent before a moment, the share that was final by score first. */
export function shareByScore({ history, world }: StagedRun, untilMs: number): number {
  const first = new Map<TransactionId, boolean>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'delivered' && !entry.event.delivery.void)
      for (const id of entry.event.delivery.batch.transactionIds)
        if (!first.has(id)) first.set(id, entry.event.delivery.finality === 'score');
  const sent = [...world.submitted].filter(([, { at }]) => at < untilMs);
  return sent.filter(([id]) => first.get(id)).length / Math.max(1, sent.length);
}

/** What is known of the race when it is over. */
export interface Standing {
  readonly attacker: number | undefined;
  readonly victim: number | undefined;
  readonly behind: number | undefined;
}

/** Stages a race and asks the rule who won; checks count only where the engine is attacked. */
export function raced(
  options: AttackOptions,
  simulation: SimulationOptions,
  race: Race,
  won: (standing: Standing) => Omit<Judgement, 'figures'>,
  figures: Readonly<Record<string, number>>,
): Trial {
  const { rule, seed } = options;
  let seen: SeenByLiars | undefined;
  const watch = (world: World): void => {
    simulation.watch?.(world);
    if (race.trueReports) seen = new SeenByLiars(world);
  };
  const trial = judged(options, { ...simulation, watch }, (run) => {
    const order = orderUnder(rule, run, race, seed, seen);
    const standing = {
      attacker: placeOf(order, race, 'attacker'),
      victim: placeOf(order, race, 'victim'),
      behind: placeOf(order, race, 'behind'),
    };
    const untilMs = simulation.durationMs ?? Number.POSITIVE_INFINITY;
    const { strong } = fairnessOf(withoutProbes(run, untilMs));
    return {
      ...won(standing),
      figures: {
        ...figures,
        strongPairs: strong.pairs,
        strongAgainst: strong.against,
        shareByScore: shareByScore(run, untilMs),
      },
    };
  });
  return rule === 'engine' ? trial : { ...trial, violated: [], blamed: [] };
}

/**
 * The attacker's transaction stands before the victim's: also when the victim's is not ordered at all.
 * @throws when neither is: nobody won.
 */
export function ahead({ attacker, victim }: Standing): Omit<Judgement, 'figures'> {
  if (attacker === undefined && victim === undefined) throw new Error('neither transaction is in the order');
  if (victim === undefined)
    return { reached: true, reason: "only the attacker's transaction is in the order" };
  if (attacker === undefined)
    return { reached: false, reason: "only the victim's transaction is in the order" };
  return attacker < victim
    ? { reached: true, reason: "the attacker's transaction is ordered before the victim's" }
    : { reached: false, reason: "the victim's transaction is ordered first" };
}

/** Honest signers that the clients of a race talk to, drawn from the seed; different ones where there are. */
export function honestSigners(options: AttackOptions): readonly SignerId[] {
  const honest = allSigners(options.signers).slice(options.liars);
  const drawn = new Random(`${options.seed}/clients`).shuffled(honest);
  if (drawn.length === 0) throw new Error('an attack needs an honest signer');
  return drawn;
}
