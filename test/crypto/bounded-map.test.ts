import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../src/crypto/bounded-map.ts';

describe('BoundedMap', () => {
  it('never grows beyond its bound, and forgets the oldest first', () => {
    const map = new BoundedMap<number, string>(3);
    for (let i = 0; i < 5; i++) {
      map.set(i, `${i}`);
      expect(map.size).toBe(Math.min(i + 1, 3));
    }
    expect([0, 1, 2, 3, 4].map((i) => map.get(i))).toEqual([undefined, undefined, '2', '3', '4']);
  });

  it('forgets nothing when an entry is replaced', () => {
    const map = new BoundedMap<number, string>(2);
    map.set(1, 'a');
    map.set(2, 'b');
    map.set(2, 'c');
    expect([map.get(1), map.get(2)]).toEqual(['a', 'c']);
  });
});
