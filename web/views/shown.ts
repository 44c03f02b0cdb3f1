/** What every view gets to draw, and the words and colours that they share. */

import type { Trace } from '../../sim/trace/trace.ts';
import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Disagreement } from '../state/disagreement.ts';
import type { Pace } from '../state/pace.ts';
import type { BatchPicture, Picture } from '../state/picture.ts';
import type { Timeline } from '../state/timeline.ts';
import { type Markup, markup } from './markup.ts';

export interface Shown {
  readonly trace: Trace;
  readonly timeline: Timeline;
  readonly pace: Pace;
  readonly picture: Picture;
  /** Virtual time in ms. */
  readonly ms: number;
  /** The batch in the tree. */
  readonly batch: BatchPicture | undefined;
  readonly disagreements: readonly Disagreement[];
  /** Whether motion is welcome. */
  readonly moving: boolean;
}

const coloursMax = 8;

const colours = new WeakMap<Trace, ReadonlyMap<string, string>>();

/** Class that gives a batch its colour everywhere. */
export function colourOf(trace: Trace, batch: BatchId): string {
  let known = colours.get(trace);
  if (!known) {
    known = new Map(Object.keys(trace.names).map((id, i) => [id, `c${i % coloursMax}`]));
    colours.set(trace, known);
  }
  return known.get(batch) ?? 'c-unknown';
}

export const nameOf = (trace: Trace, batch: BatchId): string => trace.names[batch] ?? '?';

/** A batch as a small coloured label. */
export const chip = (trace: Trace, batch: BatchId, kind = ''): Markup =>
  markup`<span class="chip ${colourOf(trace, batch)} ${kind}">${nameOf(trace, batch)}</span>`;

export const isLiar = (trace: Trace, signer: SignerId): boolean => trace.liars.includes(signer);

export const signerName = (signer: SignerId): string => `s${signer}`;

/** `s1`, `s1 and s2`, `s1, s2 and s3`. */
export function listOf(names: readonly string[]): string {
  if (names.length <= 1) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export const signersOf = (signers: readonly SignerId[]): string =>
  listOf([...signers].sort((a, b) => a - b).map(signerName));

/** Virtual time for people. */
export function timeText(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 100 ? 3 : ms < 1000 ? 1 : 0)} ms`;
}
