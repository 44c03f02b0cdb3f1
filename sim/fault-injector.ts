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
        const undo = this.#begin(fault);
        this.#world.schedule.after(fault.forMs, () => {
          if (this.#healed) return;
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
      node.clock.rate = 1;
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
        return this.#partition(fault.members, fault.oneWay);
      case 'spike':
        return this.#delay(fault.members, fault.delayMs);
      case 'slowNode':
        return this.#delay([fault.node], fault.delayMs);
      case 'justUnder':
        return this.#delay([fault.node], this.#justUnderMs(fault.timeout));
      case 'slowDisk': {
        const node = nodes[fault.node]!;
        node.syncMs = fault.syncMs;
        return () => {
          node.syncMs = defaultSyncMs;
        };
      }
      case 'fullDisk': {
        const node = nodes[fault.node]!;
        node.diskFull = true;
        return () => {
          node.diskFull = false;
          if (!node.up && !this.#broken(fault.node)) this.#world.restart(fault.node);
        };
      }
      case 'drift': {
        const { clock } = nodes[fault.node]!;
        clock.rate = fault.rate;
        return () => {
          clock.rate = 1;
        };
      }
      case 'jump':
        nodes[fault.node]!.jumpClock(fault.byMs);
        return () => {};
    }
  }

  #justUnderMs(timeout: 'level' | 'view'): number {
    const { levelTimeoutMs, viewTimeoutMs } = this.#world.federation.federation.limits;
    return (justUnderShare * (timeout === 'level' ? levelTimeoutMs : viewTimeoutMs)) / 2;
  }

  #delay(members: readonly SignerId[], delayMs: number): () => void {
    const { network } = this.#world;
    for (const member of members) network.setDelay(member, delayMs);
    return () => {
      for (const member of members) network.setDelay(member, 0);
    };
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
    return () => {
      for (const id of down) if (!world.nodes[id]!.up && !this.#broken(id)) world.restart(id);
    };
  }

  #partition(members: readonly SignerId[], oneWay: boolean): () => void {
    const { network, nodes } = this.#world;
    const inside = new Set(members);
    const all = allSigners(nodes.length);
    const cuts = all.flatMap((from) =>
      all
        .filter((to) => inside.has(from) && !inside.has(to))
        .flatMap((to) => (oneWay ? [[from, to] as const] : [[from, to] as const, [to, from] as const])),
    );
    for (const [from, to] of cuts) network.setCut(from, to, true);
    return () => {
      for (const [from, to] of cuts) network.setCut(from, to, false);
      this.#world.relink();
    };
  }
}

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
