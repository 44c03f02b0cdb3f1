import { describe, expect, it } from 'vitest';
import { defaultFaults, quorumOf } from '../../src/ordering/quorum.ts';
import { quorum } from './support.ts';

describe('quorumOf', () => {
  // The table of protocol section 1.
  it.each([
    [4, 1, 1, 3, 4],
    [6, 1, 1, 5, 5],
    [7, 2, 2, 5, 7],
    [9, 1, 2, 7, 7],
    [5, 0, 2, 3, 4],
    [10, 1, 1, 9, 7],
    [10, 2, 2, 8, 9],
    [16, 3, 3, 13, 13],
    [100, 10, 10, 90, 66],
    [3, 0, 1, 2, 3],
  ])('n=%i f=%i t=%i: q=%i, score %i', (n, f, t, q, threshold) => {
    expect(quorum(n, f, t)).toEqual({ n, f, t, q, slack: n - threshold, threshold });
  });

  it.each([
    [0, 0, 0, 'QUORUM_SIGNERS'],
    [2.5, 0, 0, 'QUORUM_SIGNERS'],
    [Number.NaN, 0, 0, 'QUORUM_SIGNERS'],
    [4, -1, 1, 'QUORUM_BYZANTINE'],
    [4, 1, 1.5, 'QUORUM_FAULTY'],
    [4, 1, 0, 'QUORUM_FAULTY'],
    [3, 1, 1, 'QUORUM_OVERLAP'],
    [4, 0, 2, 'QUORUM_OVERLAP'],
    [5, 1, 2, 'QUORUM_OVERLAP'],
  ])('refuses n=%s f=%s t=%s: %s', (n, f, t, code) => {
    const result = quorumOf(n, f, t);
    expect(result.ok ? 'accepted' : result.error.code).toBe(code);
  });

  it('accepts exactly t >= f and 2q > n + f, always with a slack from 0', () => {
    for (let n = 1; n <= 30; n++)
      for (let f = 0; f <= n; f++)
        for (let t = 0; t <= n; t++) {
          const result = quorumOf(n, f, t);
          expect(result.ok).toBe(t >= f && 2 * (n - t) > n + f);
          if (!result.ok) continue;
          // Largest c with q - c - f still more than half of any q votes.
          expect(result.value.q - result.value.slack - f).toBeGreaterThan(result.value.q / 2);
          expect(result.value.q - (result.value.slack + 1) - f).toBeLessThanOrEqual(result.value.q / 2);
          expect(result.value.slack).toBeGreaterThanOrEqual(0);
        }
  });

  it('has a default that is always valid, and c >= f from n = 5f + 1 on', () => {
    for (let n = 1; n <= 100; n++) expect(quorumOf(n, defaultFaults(n), defaultFaults(n)).ok).toBe(true);
    for (let f = 0; f <= 20; f++) expect(quorum(5 * f + 1, f, f).slack).toBeGreaterThanOrEqual(f);
  });
});
