/**
 * An attack is a staged experiment with a goal that can be decided: it sets a scene on the real engine (or
 * on another rule), lets liars and attacking clients play their strategy, and says whether the goal was
 * reached. The same options give the same trial, byte for byte. Attacks are what `sim attack NAME`
 * repeats over seeds; sweeps cross their parameters.
 */

import type { SignerId } from '../../src/base/ids.ts';
import type { NetworkName } from '../network/names.ts';
import type { RuleName } from '../rules/rule.ts';
import type { Trace } from '../trace/trace.ts';

export type ParameterValue = number | string | boolean;

/** A knob of an attack, with its default. */
export interface AttackParameter {
  readonly name: string;
  readonly initial: ParameterValue;
  /** Texts that it may have; absent: any. */
  readonly values?: readonly string[];
  /** Numbers that it may have. */
  readonly min?: number;
  readonly max?: number;
  /** What it is, with its unit. */
  readonly about: string;
}

export interface AttackOptions {
  readonly seed: string;
  readonly rule: RuleName;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  /** How many signers lie; may be above `byzantine`, to see what breaks. */
  readonly liars: number;
  readonly network: NetworkName;
  /** Share of n that a score must reach, instead of the rule's own: `--threshold 0.75`. */
  readonly threshold?: number;
  /** Added to the engine's own slack `c`: 1 shows that it is tight. */
  readonly extraSlack?: number;
  /** Checked against the attack's parameters; the rest keep their initial values. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Whether `trace` is wanted in the result. */
  readonly traced?: boolean;
}

export interface Trial {
  /** `unknown`: a checker crashed or the trial could not be decided; never counted as a failure of the attack. */
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
  /** One sentence: what was reached, or why not. */
  readonly reason: string;
  /** Signers that verified evidence names. */
  readonly blamed: readonly SignerId[];
  readonly liars: readonly SignerId[];
  /** Names of checks of the engine's run that objected; empty for other rules. */
  readonly violated: readonly string[];
  /** Figures for sweeps: `headStartMs`, `delayMs`, `shareByScore` ... */
  readonly figures: Readonly<Record<string, number>>;
  readonly traceHash: string;
  readonly trace?: Trace;
}

export interface Attack {
  readonly name: string;
  /** Number of the class of attacks in docs/attacks.md. */
  readonly group: number;
  /** One line for listings. */
  readonly about: string;
  /** What counts as success. */
  readonly goal: string;
  readonly rules: readonly RuleName[];
  readonly parameters: readonly AttackParameter[];
  readonly trial: (options: AttackOptions) => Trial;
}
