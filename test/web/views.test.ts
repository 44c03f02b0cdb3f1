/** What views work out before anything is drawn: places of nodes, sentences, and markup that cannot be broken into. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLast } from '../../web/state/describe.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { Markup, markup } from '../../web/views/markup.ts';
import { listOf } from '../../web/views/shown.ts';
import { placesOf } from '../../web/views/tree-layout.ts';
import { arrived, batch, delivered, made, message, storyRun, traceOf, votes } from './support.ts';

/** A tree as the engine lays one out: complete, breadth first, over signers in any order. */
function parentsOf(order: readonly number[], fanout: number): number[] {
  const parents = order.map(() => -1);
  for (let place = 1; place < order.length; place++)
    parents[order[place]!] = order[Math.floor((place - 1) / fanout)]!;
  return parents;
}

const anyOrder = fc.integer({ min: 3, max: 31 }).chain((n) =>
  fc.shuffledSubarray(
    Array.from({ length: n }, (_, i) => i),
    { minLength: n },
  ),
);

describe('places of a tree', () => {
  it('are inside the picture, and no node covers another', () => {
    fc.assert(
      fc.property(
        anyOrder,
        fc.constantFrom(2, 3, 30),
        fc.integer({ min: 300, max: 620 }),
        (order, fanout, width) => {
          const { places, radius, height } = placesOf(parentsOf(order, fanout), width);
          const flat = fanout === 30 && order.length * 14 > width;
          for (const [i, one] of places.entries()) {
            expect(one.x).toBeGreaterThan(0);
            expect(one.x).toBeLessThan(width);
            expect(one.y + radius).toBeLessThan(height);
            for (const other of flat ? [] : places.slice(i + 1))
              expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(2 * radius - 1);
          }
        },
      ),
    );
  });

  it('put every parent above its children', () => {
    const parents = parentsOf([4, 2, 0, 1, 3, 5, 6], 2);
    const { places } = placesOf(parents, 600);
    for (const [child, parent] of parents.entries())
      if (parent >= 0) expect(places[parent]!.y).toBeLessThan(places[child]!.y);
  });
});

describe('sentences', () => {
  it('say what happened last, and skip what says nothing', () => {
    const cargo = { batch: batch('A'), votes: votes('A', { '': [3] }) };
    const events = [
      made(1, 'A', ['x'], 2),
      arrived(2, 3, 'A', 1),
      ...message([3, 4], 1, [3, 2], { type: 'votes', cargo }),
      delivered(5, 0, 'A', { score: 4 }),
    ];
    const timeline = new Timeline(traceOf(events));
    expect([0, 1, 2, 3, 4, 5].map((count) => describeLast(timeline, count))).toEqual([
      undefined,
      's2 takes it into the order as A, root of its tree.',
      's3 accepts A, at place 1 of its arrivals.',
      's3 accepts A, at place 1 of its arrivals.',
      's2 receives votes on A from s3.',
      's0 delivers A, final by score.',
    ]);
  });

  it('are found for a whole run', () => {
    const timeline = storyRun('dying-root');
    const said = new Set(timeline.trace.events.map((_, i) => describeLast(timeline, i + 1)));
    expect([...said].filter((text) => text?.includes('undefined') || text?.includes('?'))).toEqual([]);
    expect(said).toContain('s0 goes down.');
    expect(said).toContain('s0 is up again.');
  });

  it('list names as people do', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listOf)).toEqual(['', 'a', 'a and b', 'a, b and c']);
  });
});

describe('markup', () => {
  it('escapes whatever is put into it but markup', () => {
    const evil = `<img src=x onerror="alert('&')">`;
    expect(markup`<p title="${evil}">${evil}</p>`.text).toBe(
      '<p title="&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;">' +
        '&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;</p>',
    );
    expect(markup`${new Markup('<b>')}${[markup`${1}`, markup`${false}${undefined}`]}`.text).toBe('<b>1');
  });
});
