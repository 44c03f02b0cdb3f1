import { describe, expect, it } from 'vitest';
import { hotKey, keySource } from '../../../bench/load/keys.ts';
import { Zipf } from '../../../bench/load/zipf.ts';
import { Random } from '../../../sim/random.ts';

const take = (next: () => string, count: number): string[] => Array.from({ length: count }, next);

describe('keys', () => {
  it('that are distinct are, between processes too', () => {
    const plan = { keys: { kind: 'distinct' }, conflictPercent: 0 } as const;
    const keys = ['a', 'b'].flatMap((seed) => take(keySource({ ...plan, seed }), 500));
    expect(new Set(keys).size).toBe(1000);
  });

  it('that conflict are the hot key, as often as asked', () => {
    const at = (conflictPercent: number): number =>
      take(keySource({ keys: { kind: 'distinct' }, conflictPercent, seed: 's' }), 4000).filter(
        (key) => key === hotKey,
      ).length;
    expect(at(0)).toBe(0);
    expect(at(100)).toBe(4000);
    // Six standard deviations.
    expect(Math.abs(at(5) - 200)).toBeLessThan(83);
  });

  it('of the same seed are the same, of another are not', () => {
    const keys = (seed: string): string[] =>
      take(keySource({ keys: { kind: 'uniform', count: 1000 }, conflictPercent: 10, seed }), 50);
    expect(keys('a')).toEqual(keys('a'));
    expect(keys('a')).not.toEqual(keys('b'));
  });
});

describe('Zipf', () => {
  it('has the chances of its definition', () => {
    const zipf = new Zipf(4, 1);
    const whole = 1 + 1 / 2 + 1 / 3 + 1 / 4;
    const edges = [1, 1 + 1 / 2, 1 + 1 / 2 + 1 / 3].map((sum) => sum / whole);
    for (const [k, edge] of edges.entries()) {
      expect(zipf.at(edge - 1e-9)).toBe(k);
      expect(zipf.at(edge + 1e-9)).toBe(k + 1);
    }
    expect(zipf.at(0)).toBe(0);
    expect(zipf.at(1 - 1e-12)).toBe(3);
  });

  it('with exponent 0 draws all alike, and never leaves its range', () => {
    const random = new Random('zipf');
    const zipf = new Zipf(10, 0);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[zipf.at(random.unit())]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(180);
  });
});
