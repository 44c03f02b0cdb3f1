import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { Suspicion } from '../../src/tree/suspicion.ts';

describe('Suspicion', () => {
  it('remembers until the signer is heard from', () => {
    const suspicion = new Suspicion();
    expect(suspicion.suspected()).toEqual([]);
    expect(suspicion.suspect(signerId(5))).toBe(true);
    expect(suspicion.suspect(signerId(2))).toBe(true);
    expect(suspicion.suspect(signerId(5))).toBe(false);
    expect(suspicion.isSuspected(signerId(5))).toBe(true);
    expect(suspicion.isSuspected(signerId(3))).toBe(false);
    expect(suspicion.suspected()).toEqual([2, 5]);
    expect(suspicion.heard(signerId(5))).toBe(true);
    expect(suspicion.heard(signerId(5))).toBe(false);
    expect(suspicion.isSuspected(signerId(5))).toBe(false);
    expect(suspicion.suspected()).toEqual([2]);
    expect(suspicion.suspect(signerId(5))).toBe(true);
  });

  it('hands out its question as a function, and its list as a copy', () => {
    const suspicion = new Suspicion();
    const { isSuspected } = suspicion;
    const before = suspicion.suspected();
    suspicion.suspect(signerId(1));
    expect(isSuspected(signerId(1))).toBe(true);
    expect(before).toEqual([]);
  });
});
