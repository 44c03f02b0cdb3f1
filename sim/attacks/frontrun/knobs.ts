/** The knobs of an attack as its trial reads them: what was set, and initial values for the rest. */

import type { AttackOptions, AttackParameter, ParameterValue } from '../attack.ts';

export interface Knobs {
  number(name: string): number;
  text(name: string): string;
  truth(name: string): boolean;
}

/** @throws when an attack reads a knob that it does not have, or with another type: a mistake in the attack. */
export function knobsOf(parameters: readonly AttackParameter[], options: AttackOptions): Knobs {
  const read = <T extends ParameterValue>(name: string, is: (value: ParameterValue) => value is T): T => {
    const value =
      options.parameters[name] ?? parameters.find((parameter) => parameter.name === name)?.initial;
    if (value === undefined || !is(value))
      throw new Error(`parameter ${name}: ${String(value)} does not fit`);
    return value;
  };
  return {
    number: (name) => read(name, (value) => typeof value === 'number'),
    text: (name) => read(name, (value) => typeof value === 'string'),
    truth: (name) => read(name, (value) => typeof value === 'boolean'),
  };
}
