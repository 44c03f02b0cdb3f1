/**
 * Quorum arithmetic (protocol section 1). A quorum must reach past the silent signers (`q = n - t`) and
 * two quorums must share an honest one (`2q > n + f`). The slack `c = floor((q - 1) / 2) - f` is how many
 * votes may be missing or dissenting while a batch still becomes final by its score alone: what
 * `n - c - f` honest signers say is then a majority of every other certificate. Integers only.
 * With `t >= f` the second condition implies that the slack is at least 0.
 */

import { invariant } from '../base/assert.ts';
import { accept, type Result, refuse } from '../base/result.ts';

export interface Quorum {
  /** Signers. */
  readonly n: number;
  /** At most this many are Byzantine. */
  readonly f: number;
  /** At most this many are faulty in any way, `t >= f`. */
  readonly t: number;
  /** Votes of a certificate, `n - t`. */
  readonly q: number;
  /** `c`: votes that may be missing or dissenting. */
  readonly slack: number;
  /** The ordering threshold, `n - c`. */
  readonly threshold: number;
}

/** Faults that a federation of `n` signers plans for when it does not say: `floor((n - 1) / 3)`. */
export const defaultFaults = (n: number): number => Math.floor((n - 1) / 3);

/** What was said of `f` and `t`, and the defaults for the rest: `t` is never below `f`. */
export function faultsOf(
  n: number,
  f: number | undefined,
  t: number | undefined,
): { readonly byzantine: number; readonly faulty: number } {
  const byzantine = f ?? defaultFaults(n);
  return { byzantine, faulty: t ?? Math.max(byzantine, defaultFaults(n)) };
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/**
 * The numbers that follow from `n` signers of which `f` may lie and `t` may be faulty in any way.
 * @returns a refusal that says which condition of section 1 does not hold.
 */
export function quorumOf(n: number, f: number, t: number): Result<Quorum> {
  if (!isCount(n) || n < 1) return refuse('QUORUM_SIGNERS', `signers must be an integer from 1, not ${n}`);
  if (!isCount(f)) return refuse('QUORUM_BYZANTINE', `byzantine must be an integer from 0, not ${f}`);
  if (!isCount(t)) return refuse('QUORUM_FAULTY', `faulty must be an integer from 0, not ${t}`);
  if (t < f) return refuse('QUORUM_FAULTY', `faulty (${t}) must be at least byzantine (${f})`);
  const q = n - t;
  if (2 * q <= n + f)
    return refuse(
      'QUORUM_OVERLAP',
      `two quorums of ${q} among ${n} signers may share no honest one: ` +
        `2 * (${n} - ${t}) must be above ${n} + ${f}; lower faulty or byzantine, or add signers`,
    );
  const slack = Math.floor((q - 1) / 2) - f;
  // n > 2t + f >= 3f, hence q > (n + f) / 2 > 2f.
  invariant(slack >= 0, `slack ${slack} with n=${n}, f=${f}, t=${t}`);
  return accept({ n, f, t, q, slack, threshold: n - slack });
}
