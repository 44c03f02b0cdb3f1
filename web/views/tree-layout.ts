/** Where the nodes of a tree stand: leaves share the width, parents stand over the middle of their children. */

import type { SignerId } from '../../src/base/ids.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface TreeLayout {
  readonly width: number;
  readonly height: number;
  /** By signer. */
  readonly places: readonly Place[];
  readonly radius: number;
  /** Side of a square of a bitmap with its gap. */
  readonly cell: number;
}

const margin = 6;

/** @param parents by signer, -1 for the root. @param width in px. */
export function placesOf(parents: readonly number[], width: number): TreeLayout {
  const n = parents.length;
  const children = parents.map((_, id) => parents.flatMap((parent, child) => (parent === id ? [child] : [])));
  const leaves = Math.max(1, children.filter((list) => list.length === 0).length);
  const columns = n <= 8 ? n : Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  const spacing = (width - 2 * margin) / leaves;
  // Leaves that stand too close take turns in height, so that their squares stay visible.
  const staggered = spacing < columns * 4 + 4;
  const room = staggered ? spacing * 2 : spacing;
  const cell = Math.max(2.5, Math.min(9, (room - 4) / columns));
  const radius = Math.max(7, Math.min(18, spacing / 2 - 1.5));
  const below = 5 + rows * cell;
  const step = 2 * radius + below + 30;
  const places: { x: number; y: number }[] = parents.map(() => ({ x: width / 2, y: radius + margin }));
  let leaf = 0;
  let bottom = 0;
  const visit = (id: SignerId | number, depth: number): number => {
    const own = children[id]!;
    const xs = own.map((child) => visit(child, depth + 1));
    const x = xs.length > 0 ? (xs[0]! + xs.at(-1)!) / 2 : margin + (leaf++ + 0.5) * spacing;
    const shift = staggered && xs.length === 0 && leaf % 2 === 0 ? 2 * radius + below + 4 : 0;
    const y = radius + margin + depth * step + shift;
    places[id] = { x, y };
    bottom = Math.max(bottom, y + radius + below);
    return x;
  };
  visit(parents.indexOf(-1), 0);
  return { width, height: bottom + margin, places, radius, cell };
}
