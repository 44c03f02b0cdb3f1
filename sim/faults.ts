/**
 * Faults of the honest world, planned from the seed as data before the run, so that a plan can be printed,
 * cut down, or drawn: bad links, partitions in both or one direction, delay spikes, crashes with and
 * without what the disk had not synced, slow disks, slow nodes. First faults, for safety; then `healAll`,
 * and progress is demanded.
 */

import { allSigners, type SignerId } from '../src/base/ids.ts';
import type { LinkQuality } from './network.ts';
import { lan } from './network.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** How much of what was not synced a crash keeps: all, nothing, or this share of the groups. */
export type Kept = 'all' | 'none' | number;

interface Spell {
  readonly at: number;
  readonly forMs: number;
}

export type Fault = Spell &
  (
    | { readonly kind: 'crash'; readonly node: SignerId; readonly keep: Kept }
    /** Everybody at once, as when the power of a building goes. */
    | { readonly kind: 'blackout'; readonly keep: Kept }
    /** Members and the others do not hear each other; with `oneWay` only members are not heard. */
    | { readonly kind: 'partition'; readonly members: readonly SignerId[]; readonly oneWay: boolean }
    | { readonly kind: 'spike'; readonly members: readonly SignerId[]; readonly delayMs: number }
    | { readonly kind: 'slowDisk'; readonly node: SignerId; readonly syncMs: number }
    | { readonly kind: 'slowNode'; readonly node: SignerId; readonly delayMs: number }
  );

export interface FaultPlan {
  readonly link: LinkQuality;
  readonly faults: readonly Fault[];
}

/** No faults at all: a good network. */
export const noFaults: FaultPlan = { link: lan, faults: [] };

export interface PlanOptions {
  readonly n: number;
  /** Faults start before this time. */
  readonly durationMs: number;
  /** Signers that crash; all others never do. */
  readonly mayCrash: readonly SignerId[];
}

/** Draws a plan: a kind of link for the whole run, and a handful of spells. */
export function planFaults(random: Random, { n, durationMs, mayCrash }: PlanOptions): FaultPlan {
  const link = random.pick<LinkQuality>([
    lan,
    { latencyMs: 1, jitterMs: 1, loss: 0.02, duplication: 0.02, reorder: true },
    { latencyMs: 5, jitterMs: 10, loss: 0, duplication: 0, reorder: true },
    { latencyMs: 1, jitterMs: 3, loss: 0.1, duplication: 0.1, reorder: true },
    { latencyMs: 0.5, jitterMs: 0.2, loss: 0, duplication: 0.3, reorder: false },
  ]);
  const faults = Array.from({ length: random.integer(0, 9) }, () =>
    drawFault(random, n, durationMs, mayCrash),
  );
  return { link, faults: faults.sort((a, b) => a.at - b.at) };
}

const drawKept = (random: Random): Kept => random.pick<Kept>(['all', 'none', random.unit()]);

function drawFault(random: Random, n: number, durationMs: number, mayCrash: readonly SignerId[]): Fault {
  const spell = { at: random.integer(0, durationMs), forMs: random.integer(50, durationMs / 2) };
  const node = random.integer(0, n) as SignerId;
  const members = allSigners(n).filter(() => random.chance(0.4));
  const kind = random.pick([
    'crash',
    'crash',
    'crash',
    'partition',
    'partition',
    'spike',
    'disk',
    'node',
    'out',
  ]);
  if (kind === 'crash' && mayCrash.length > 0)
    return { ...spell, kind: 'crash', node: random.pick(mayCrash), keep: drawKept(random) };
  if (kind === 'out' && mayCrash.length === n)
    return { ...spell, kind: 'blackout', keep: drawKept(random), forMs: random.integer(10, 300) };
  if (kind === 'spike') return { ...spell, kind: 'spike', members, delayMs: random.integer(20, 400) };
  if (kind === 'disk') return { ...spell, kind: 'slowDisk', node, syncMs: random.integer(5, 200) };
  if (kind === 'node') return { ...spell, kind: 'slowNode', node, delayMs: random.integer(5, 150) };
  return { ...spell, kind: 'partition', members, oneWay: random.chance(0.4) };
}

/** Carries a plan out on a world. */
export class Faults {
  readonly #world: World;
  readonly #plan: FaultPlan;
  /** Extra delay of messages from and to a signer in ms. */
  readonly #delays = new Map<SignerId, number>();
  #healed = false;

  constructor(world: World, plan: FaultPlan) {
    this.#world = world;
    this.#plan = plan;
    const { link } = plan;
    world.network.quality = (from, to) => {
      const extra = (this.#delays.get(from) ?? 0) + (this.#delays.get(to) ?? 0);
      return extra === 0 ? link : { ...link, latencyMs: link.latencyMs + extra };
    };
  }

  schedule(): void {
    for (const fault of this.#plan.faults)
      this.#world.schedule.after(fault.at - this.#world.now, () => {
        if (this.#healed) return;
        const undo = this.#begin(fault);
        this.#world.schedule.after(fault.forMs, () => {
          if (!this.#healed) undo();
        });
      });
  }

  /** Ends all faults at once and for ever: good links, everybody up. */
  healAll(): void {
    const world = this.#world;
    this.#healed = true;
    this.#delays.clear();
    world.network.quality = () => lan;
    world.network.heal();
    for (const node of world.nodes) node.syncMs = 0.3;
    for (const node of world.nodes)
      if (!node.up && !this.#broken(node.signer.id)) world.restart(node.signer.id);
    world.relink();
  }

  /** An engine that broke an invariant stays down. */
  #broken(id: SignerId): boolean {
    return this.#world.failures.some((failure) => failure.node === id);
  }

  /** Starts a fault and returns what ends it. */
  #begin(fault: Fault): () => void {
    const { network, nodes } = this.#world;
    switch (fault.kind) {
      case 'crash':
        return this.#crash([fault.node], fault.keep);
      case 'blackout':
        return this.#crash(allSigners(nodes.length), fault.keep);
      case 'partition': {
        const cuts = this.#cutsOf(fault.members, fault.oneWay);
        for (const [from, to] of cuts) network.setCut(from, to, true);
        return () => {
          for (const [from, to] of cuts) network.setCut(from, to, false);
          this.#world.relink();
        };
      }
      case 'spike':
      case 'slowNode': {
        const members = fault.kind === 'spike' ? fault.members : [fault.node];
        for (const member of members) this.#delays.set(member, fault.delayMs);
        return () => {
          for (const member of members) this.#delays.delete(member);
        };
      }
      case 'slowDisk': {
        const node = nodes[fault.node]!;
        node.syncMs = fault.syncMs;
        return () => {
          node.syncMs = 0.3;
        };
      }
    }
  }

  #crash(ids: readonly SignerId[], keep: Kept): () => void {
    const world = this.#world;
    const down = ids.filter((id) => world.nodes[id]!.up);
    for (const id of down) {
      const groups = world.nodes[id]!.store.unsyncedGroups;
      world.crash(id, typeof keep === 'number' ? Math.floor(keep * (groups + 1)) : keep);
    }
    return () => {
      for (const id of down) if (!world.nodes[id]!.up && !this.#broken(id)) world.restart(id);
    };
  }

  #cutsOf(members: readonly SignerId[], oneWay: boolean): (readonly [SignerId, SignerId])[] {
    const inside = new Set(members);
    const all = allSigners(this.#world.nodes.length);
    return all.flatMap((from) =>
      all
        .filter((to) => inside.has(from) && !inside.has(to))
        .flatMap((to) => (oneWay ? [[from, to] as const] : [[from, to] as const, [to, from] as const])),
    );
  }
}
