import { describe, expect, it } from 'vitest';
import { type BenchFlags, benchOptions } from '../../bench/options.ts';

const options = (flags: BenchFlags) => {
  const made = benchOptions(flags);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
};

describe('flags', () => {
  it('have the defaults of the help', () => {
    expect(options({})).toMatchObject({
      signers: 4,
      clients: 1,
      outstanding: [1, 10, 50, 2000],
      bytes: 100,
      conflictPercent: 0,
      keys: { kind: 'distinct' },
      starts: 3,
      awaited: 'score',
      etcd: false,
      memoryEverySeconds: undefined,
    });
  });

  it('with --json alone measure one load, since that prints one object; with --against all of the table', () => {
    expect(options({ json: true }).outstanding).toEqual([2000]);
    expect(options({ json: true, against: 'etcd' }).outstanding).toEqual([1, 10, 50, 2000]);
    expect(options({ json: true, outstanding: '5,6' }).outstanding).toEqual([5, 6]);
  });

  it('say which keys', () => {
    expect(options({ keys: 'uniform:7' }).keys).toEqual({ kind: 'uniform', count: 7 });
    expect(options({ keys: 'zipf' }).keys).toEqual({ kind: 'zipf', exponent: 0.99, count: 10_000 });
    expect(options({ keys: 'zipf:1.2:50' }).keys).toEqual({ kind: 'zipf', exponent: 1.2, count: 50 });
  });

  it.each<[string, BenchFlags]>([
    ['signers', { signers: 0 }],
    ['outstanding', { outstanding: '10,x' }],
    ['outstanding', { outstanding: '0' }],
    ['keys', { keys: 'zipf:0' }],
    ['keys', { keys: 'uniform:1.5' }],
    ['keys', { keys: 'some' }],
    ['conflict', { conflict: 101 }],
    ['at', { at: '4' }],
    ['at', { at: '3', dead: 1 }],
    ['dead', { dead: 3, liars: 1 }],
    ['finality', { finality: 'soon' }],
    ['schedule', { schedule: 'late' }],
    ['against', { against: 'raft' }],
    ['against', { against: '' }],
    ['etcd-client', { etcdClient: 'fat' }],
    ['starts', { starts: 0 }],
    ['every', { every: 0 }],
    ['dir', { dir: '/nonexistent' }],
  ])('that are wrong are named: --%s', (flag, flags) => {
    const made = benchOptions(flags);
    expect(made.ok).toBe(false);
    if (!made.ok) {
      expect(made.error.message).toMatch(new RegExp(`^--${flag}: expected .+, found `));
      expect(made.error.code).toBe('BAD_OPTION');
    }
  });

  it('of faults that no federation tolerates are refused', () => {
    expect(benchOptions({ signers: 4, byzantine: 2 })).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/^--byzantine, --faulty: /) },
    });
    expect(options({ signers: 7, faulty: 1 })).toMatchObject({ faulty: 1, byzantine: 1 });
  });
});
