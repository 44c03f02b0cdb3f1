/** Carries a fault plan (sim/faults.ts) out on a world: begins each spell at its time, ends it after, heals all. */

import { allSigners, type SignerId } from '../src/base/ids.ts';
import { tear } from './disk.ts';
import type { Fault, FaultPlan, Kept } from './faults.ts';
import { fairWeather } from './network/quality.ts';
import { defaultSyncMs, type World } from './world.ts';

/** How near to a timeout a signer comes that is just under it: there and back take this share of it. */
const justUnderShare = 0.9;

export class FaultInjector {
  readonly #world: World;
  readonly #plan: FaultPlan;
  /** Begun and not over. Where several do the same thing at once, it lasts until the last of them ends. */
  readonly #active = new Set<Fault>();
  #healed = false;

  constructor(world: World, plan: FaultPlan) {
    this.#world = world;
    this.#plan = plan;
    world.network.weather = plan.weather;
  }

  schedule(): void {
    for (const fault of this.#plan.faults)
      this.#world.schedule.after(fault.at - this.#world.now, () => {
        if (this.#healed) return;
        this.#world.caption(`${describeFault(fault)} for ${fault.forMs} ms`, nodesOf(fault));
        this.#active.add(fault);
        const undo = this.#begin(fault);
        this.#world.schedule.after(fault.forMs, () => {
          if (this.#healed) return;
          this.#active.delete(fault);
          undo();
          this.#world.caption(`over: ${describeFault(fault)}`, nodesOf(fault));
        });
      });
  }

  /** Ends all faults at once and for ever: good links, true clocks, everybody up. */
  healAll(): void {
    const world = this.#world;
    this.#healed = true;
    world.network.clearDelays();
    world.network.weather = fairWeather;
    world.network.heal();
    for (const node of world.nodes) {
      node.syncMs = defaultSyncMs;
      node.diskFull = false;
      node.setClockRate(1);
      if (!node.up && !this.#broken(node.signer.id)) world.restart(node.signer.id);
    }
    world.relink();
  }

  /** An engine that broke an invariant stays down. */
  #broken(id: SignerId): boolean {
    return this.#world.failures.some((failure) => failure.node === id);
  }

  /** Starts a fault and returns what ends it. */
  #begin(fault: Fault): () => void {
    const { nodes } = this.#world;
    switch (fault.kind) {
      case 'crash':
        return this.#crash([fault.node], fault.keep, fault.torn);
      case 'blackout':
        return this.#crash(allSigners(nodes.length), fault.keep, undefined);
      case 'partition':
        return this.#changing(
          () => this.#cut(fault),
          () => this.#world.relink(),
        );
      case 'spike':
      case 'slowNode':
      case 'justUnder':
        return this.#changing(() => this.#delay(nodesOf(fault)));
      case 'slowDisk':
        return this.#changing(() => this.#slowDisk(fault.node));
      case 'fullDisk':
        return this.#changing(
          () => {
            nodes[fault.node]!.diskFull = this.#activeOf('fullDisk').some((one) => one.node === fault.node);
          },
          () => this.#restart([fault.node]),
        );
      case 'drift':
        return this.#changing(() => {
          const last = this.#activeOf('drift').findLast((one) => one.node === fault.node);
          nodes[fault.node]!.setClockRate(last?.rate ?? 1);
        });
      case 'jump':
        nodes[fault.node]!.jumpClock(fault.byMs);
        return () => {};
    }
  }

  /** What is set from the faults that are active, when one begins and when one ends. */
  #changing(set: () => void, after: () => void = () => {}): () => void {
    set();
    return () => {
      set();
      after();
    };
  }

  #activeOf<K extends Fault['kind']>(kind: K): Extract<Fault, { kind: K }>[] {
    return [...this.#active].filter((one): one is Extract<Fault, { kind: K }> => one.kind === kind);
  }

  /** Directions that this partition cuts: cut while any active one cuts them. */
  #cut(partition: Extract<Fault, { kind: 'partition' }>): void {
    const active = this.#activeOf('partition');
    for (const [from, to] of this.#directions(partition))
      this.#world.network.setCut(
        from,
        to,
        active.some((one) => cuts(one, from, to)),
      );
  }

  #directions(partition: Extract<Fault, { kind: 'partition' }>): (readonly [SignerId, SignerId])[] {
    const all = allSigners(this.#world.nodes.length);
    return all.flatMap((from) =>
      all.filter((to) => cuts(partition, from, to)).map((to) => [from, to] as const),
    );
  }

  /** Delays add up. */
  #delay(members: readonly SignerId[]): void {
    const late = [...this.#activeOf('spike'), ...this.#activeOf('slowNode'), ...this.#activeOf('justUnder')];
    for (const member of members) {
      const mine = late.filter((one) => nodesOf(one).includes(member));
      const delayMs = mine.reduce(
        (sum, one) => sum + (one.kind === 'justUnder' ? this.#justUnderMs(one.timeout) : one.delayMs),
        0,
      );
      this.#world.network.setDelay(member, delayMs);
    }
  }

  #slowDisk(id: SignerId): void {
    const mine = this.#activeOf('slowDisk').filter((one) => one.node === id);
    this.#world.nodes[id]!.syncMs = Math.max(defaultSyncMs, ...mine.map((one) => one.syncMs));
  }

  #justUnderMs(timeout: 'level' | 'view'): number {
    const { levelTimeoutMs, viewTimeoutMs } = this.#world.federation.federation.limits;
    return (justUnderShare * (timeout === 'level' ? levelTimeoutMs : viewTimeoutMs)) / 2;
  }

  #crash(ids: readonly SignerId[], keep: Kept, torn: number | undefined): () => void {
    const world = this.#world;
    const down = ids.filter((id) => world.nodes[id]!.up);
    for (const id of down) {
      const { store } = world.nodes[id]!;
      const groups = store.unsyncedGroups;
      const kept = typeof keep === 'number' ? Math.min(groups, Math.floor(keep * (groups + 1))) : keep;
      world.crash(id, torn === undefined ? kept : tear(store, kept, torn));
    }
    return () => this.#restart(ids);
  }

  /** Starts those that are down, unless another fault still keeps them down. */
  #restart(ids: readonly SignerId[]): void {
    const off = this.#activeOf('crash').map((one) => one.node);
    if (this.#activeOf('blackout').length > 0) return;
    for (const id of ids)
      if (!this.#world.nodes[id]!.up && !off.includes(id) && !this.#broken(id)) this.#world.restart(id);
  }
}

/** Whether a partition cuts this direction. */
const cuts = (
  { members, oneWay }: Extract<Fault, { kind: 'partition' }>,
  from: SignerId,
  to: SignerId,
): boolean => {
  const leaves = members.includes(from) && !members.includes(to);
  const enters = !members.includes(from) && members.includes(to);
  return leaves || (enters && !oneWay);
};

function nodesOf(fault: Fault): readonly SignerId[] {
  if ('node' in fault) return [fault.node];
  return 'members' in fault ? fault.members : [];
}

/** A fault in a few words. */
function describeFault(fault: Fault): string {
  const who = nodesOf(fault)
    .map((id) => `s${id}`)
    .join(' ');
  switch (fault.kind) {
    case 'crash':
      return `${who} crashes${fault.torn === undefined ? '' : ' in the middle of a write'}`;
    case 'blackout':
      return 'everybody loses power';
    case 'partition':
      return `${who || 'nobody'} cut off${fault.oneWay ? ' one way' : ''}`;
    case 'spike':
    case 'slowNode':
      return `messages of ${who || 'nobody'} are ${fault.delayMs} ms late`;
    case 'slowDisk':
      return `a sync of ${who} takes ${fault.syncMs} ms`;
    case 'fullDisk':
      return `the disk of ${who} is full`;
    case 'justUnder':
      return `${who} is just under the ${fault.timeout} timeout`;
    case 'drift':
      return `the clock of ${who} runs at ${fault.rate}`;
    case 'jump':
      return `the clock of ${who} jumps by ${fault.byMs} ms`;
  }
}
