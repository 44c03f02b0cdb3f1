/**
 * Faults of the honest world, planned from the seed as data before the run, so that a plan can be printed,
 * cut down, or drawn: bad weather, partitions in both or one direction, delay spikes, crashes with and
 * without what the disk had not synced, torn writes, slow and full disks, clocks that drift and jump, slow
 * nodes. First faults, for safety; then everything heals, and progress is demanded.
 */

import { allSigners, type SignerId } from '../src/base/ids.ts';
import { fairWeather, type LinkQuality } from './network/quality.ts';
import type { Random } from './random.ts';

/** How much of what was not synced a crash keeps: all, nothing, or this share of the groups. */
export type Kept = 'all' | 'none' | number;

interface Spell {
  readonly at: number;
  readonly forMs: number;
}

export type Fault = Spell &
  /** `torn`: share of the bytes of the next group that reached the disk before the power went. */
  (
    | { readonly kind: 'crash'; readonly node: SignerId; readonly keep: Kept; readonly torn?: number }
    /** Everybody at once, as when the power of a building goes. */
    | { readonly kind: 'blackout'; readonly keep: Kept }
    /** Members and the others do not hear each other; with `oneWay` only members are not heard. */
    | { readonly kind: 'partition'; readonly members: readonly SignerId[]; readonly oneWay: boolean }
    | { readonly kind: 'spike'; readonly members: readonly SignerId[]; readonly delayMs: number }
    | { readonly kind: 'slowDisk'; readonly node: SignerId; readonly syncMs: number }
    /** The next sync fails and the signer stops; it starts again when there is space. */
    | { readonly kind: 'fullDisk'; readonly node: SignerId }
    /** Messages from and to it are late. */
    | { readonly kind: 'slowNode'; readonly node: SignerId; readonly delayMs: number }
    /** Late by a little less than a timeout of the engine: never suspected, always in the way. */
    | { readonly kind: 'justUnder'; readonly node: SignerId; readonly timeout: 'level' | 'view' }
    /** Its clock runs at another rate. */
    | { readonly kind: 'drift'; readonly node: SignerId; readonly rate: number }
    /** Its clock jumps, in ms, forward or back. */
    | { readonly kind: 'jump'; readonly node: SignerId; readonly byMs: number }
  );

export interface FaultPlan {
  /** Added to what the network is anyway, while faults last. */
  readonly weather: LinkQuality;
  readonly faults: readonly Fault[];
}

/** No faults at all: a good network. */
export const noFaults: FaultPlan = { weather: fairWeather, faults: [] };

/** Whether a plan does nothing. */
export const isCalm = ({ weather, faults }: FaultPlan): boolean =>
  faults.length === 0 &&
  !weather.reorder &&
  weather.latencyMs + weather.jitterMs + weather.loss + weather.duplication === 0;

export interface PlanOptions {
  readonly n: number;
  /** Faults start before this time. */
  readonly durationMs: number;
  /** Signers that crash; all others never do. */
  readonly mayCrash: readonly SignerId[];
}

const weathers: readonly LinkQuality[] = [
  fairWeather,
  { latencyMs: 0.8, jitterMs: 1, loss: 0.02, duplication: 0.02, reorder: true },
  { latencyMs: 5, jitterMs: 10, loss: 0, duplication: 0, reorder: true },
  { latencyMs: 0.8, jitterMs: 3, loss: 0.1, duplication: 0.1, reorder: true },
  { latencyMs: 0.3, jitterMs: 0.1, loss: 0, duplication: 0.3, reorder: false },
];

/** Draws a plan: the weather of the whole run, and a handful of spells. */
export function planFaults(random: Random, { n, durationMs, mayCrash }: PlanOptions): FaultPlan {
  const weather = random.pick(weathers);
  const faults = Array.from({ length: random.integer(0, 9) }, () =>
    drawFault(random, n, durationMs, mayCrash),
  );
  return { weather, faults: faults.sort((a, b) => a.at - b.at) };
}

const drawKept = (random: Random): Kept => random.pick<Kept>(['all', 'none', random.unit()]);

/** Kinds as often as they are drawn; crashes and partitions find most. */
const kinds = [
  ...['crash', 'crash', 'crash', 'torn', 'blackout', 'partition', 'partition', 'partition'],
  ...['spike', 'slowDisk', 'fullDisk', 'slowNode', 'justUnder', 'drift', 'jump'],
] as const;

function drawFault(random: Random, n: number, durationMs: number, mayCrash: readonly SignerId[]): Fault {
  const spell = { at: random.integer(0, durationMs), forMs: random.integer(50, durationMs / 2) };
  const node = random.integer(0, n) as SignerId;
  const members = allSigners(n).filter(() => random.chance(0.4));
  const kind = random.pick(kinds);
  switch (kind) {
    case 'crash':
    case 'torn':
    case 'fullDisk': {
      if (mayCrash.length === 0) break;
      const victim = random.pick(mayCrash);
      if (kind === 'fullDisk') return { ...spell, kind, node: victim };
      const crash = { ...spell, kind: 'crash', node: victim, keep: drawKept(random) } as const;
      return kind === 'torn' ? { ...crash, torn: random.unit() } : crash;
    }
    case 'blackout':
      if (mayCrash.length < n) break;
      return { ...spell, kind, keep: drawKept(random), forMs: random.integer(10, 300) };
    case 'spike':
      return { ...spell, kind, members, delayMs: random.integer(20, 400) };
    case 'slowDisk':
      return { ...spell, kind, node, syncMs: random.integer(5, 200) };
    case 'slowNode':
      return { ...spell, kind, node, delayMs: random.integer(5, 150) };
    case 'justUnder':
      return { ...spell, kind, node, timeout: random.pick(['level', 'view'] as const) };
    case 'drift':
      return { ...spell, kind, node, rate: random.pick([0.5, 0.98, 1.02, 2]) };
    case 'jump':
      return { ...spell, kind, node, byMs: random.pick([-5000, -200, 200, 5000, 60_000]) };
    case 'partition':
      break;
  }
  return { ...spell, kind: 'partition', members, oneWay: random.chance(0.4) };
}
