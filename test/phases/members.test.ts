/** Sets of signers against JavaScript sets. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { Members } from '../../src/phases/members.ts';

const ids = fc.array(fc.nat(200), { maxLength: 40 }).map((list) => list.map(signerId));

describe('members', () => {
  it('answer as sets do', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const [setA, setB] = [new Set(a), new Set(b)];
        const one = new Members(a);
        const other = new Members(b);
        expect(one.size).toBe(setA.size);
        expect(one.ids()).toEqual([...setA].sort((x, y) => x - y));
        for (let id = 0; id < 240; id++) expect(one.has(signerId(id))).toBe(setA.has(signerId(id)));
        expect(one.within(other)).toBe(a.every((id) => setB.has(id)));
        expect(one.meets(other)).toBe(a.some((id) => setB.has(id)));
        const rest = one.without(other);
        expect(rest.ids()).toEqual(one.ids().filter((id) => !setB.has(id)));
        expect(rest.size).toBe(rest.ids().length);
        one.addAll(other);
        expect(one.ids()).toEqual([...new Set([...a, ...b])].sort((x, y) => x - y));
        expect(one.size).toBe(new Set([...a, ...b]).size);
        expect(other.ids()).toEqual([...setB].sort((x, y) => x - y));
      }),
    );
  });
});
