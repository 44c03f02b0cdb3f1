import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadlines, Timed } from '../../src/base/deadlines.ts';

class Item extends Timed {
  readonly name: number;
  constructor(name: number) {
    super();
    this.name = name;
  }
}

describe('deadlines', () => {
  it('come due as in a list that is searched through every time', () => {
    const step = fc.record({
      kind: fc.constantFrom('add', 'add', 'add', 'remove', 'due', 'all'),
      item: fc.nat(5),
      afterMs: fc.constantFrom(1, 20),
      passes: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const deadlines = new Deadlines<Item>();
        const items = Array.from({ length: 6 }, (_, i) => new Item(i));
        const oracle = new Map<number, number>();
        let now = 0;
        for (const { kind, item, afterMs, passes } of steps) {
          now += passes;
          if (kind === 'add') {
            deadlines.add(items[item]!, now, afterMs);
            oracle.set(item, now + afterMs);
          } else if (kind === 'remove') {
            deadlines.remove(items[item]!);
            oracle.delete(item);
          } else if (kind === 'due') {
            const due = new Set<number>();
            for (let one = deadlines.due(now); one; one = deadlines.due(now)) due.add(one.name);
            expect(due).toEqual(new Set([...oracle].filter(([, at]) => at <= now).map(([name]) => name)));
            for (const name of due) oracle.delete(name);
          } else {
            expect(new Set(deadlines.takeAll().map(({ name }) => name))).toEqual(new Set(oracle.keys()));
            oracle.clear();
          }
          expect(deadlines.size).toBe(oracle.size);
          expect(deadlines.next).toBe(oracle.size === 0 ? undefined : Math.min(...oracle.values()));
        }
      }),
      { numRuns: 500 },
    );
  });
});
