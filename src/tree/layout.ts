/**
 * Arithmetic of a complete k-ary tree laid out breadth first: place 0 is the root, the children of
 * place `i` are `k*i + 1` to `k*i + k` as far as there are places. Nothing here knows of signers
 * (protocol section 3). The descendants of a place are one unbroken run of places on each level, so
 * subtrees are counted and listed by runs instead of by walking edges.
 */

import { invariant } from '../base/assert.ts';

/** A complete tree of `size` places with up to `fanout` children each; both at least 1. */
export interface Layout {
  readonly size: number;
  readonly fanout: number;
}

/** A run of places on one level, `to` excluded. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** @throws InvariantViolation unless both are integers of at least 1. */
export function layoutOf(size: number, fanout: number): Layout {
  invariant(Number.isSafeInteger(size) && size >= 1, `a tree of ${size} places`);
  invariant(Number.isSafeInteger(fanout) && fanout >= 1, `a tree with fanout ${fanout}`);
  return { size, fanout };
}

/** Place of the parent; -1 for the root. */
export const parentPlace = (layout: Layout, place: number): number =>
  place === 0 ? -1 : Math.floor((place - 1) / layout.fanout);

/** The children of a place, an empty run for a leaf. */
export const childRun = (layout: Layout, place: number): Run =>
  nextRun(layout, { from: place, to: place + 1 });

/** The places one level below a run. Products may be inexact only where `size` cuts them off. */
const nextRun = ({ size, fanout }: Layout, run: Run): Run => ({
  from: Math.min(size, run.from * fanout + 1),
  to: Math.min(size, run.to * fanout + 1),
});

/** The subtree under a place, itself first: one run a level, none of them empty. */
export function subtreeRuns(layout: Layout, place: number): Run[] {
  const runs: Run[] = [];
  let run: Run = { from: place, to: place + 1 };
  while (run.from < run.to) {
    runs.push(run);
    run = nextRun(layout, run);
  }
  return runs;
}

/** Number of places in the subtree under a place, itself included. */
export const subtreeSize = (layout: Layout, place: number): number =>
  subtreeRuns(layout, place).reduce((sum, run) => sum + run.to - run.from, 0);
