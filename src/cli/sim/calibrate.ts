/** `sim calibrate`: measured costs beside those that `--costs measured` uses. */

import { calibrate } from '../../../sim/costs/calibrate.ts';
import { measured } from '../../../sim/costs/costs.ts';

export async function calibrateCommand(): Promise<{ text: string; json: unknown }> {
  const here = calibrate();
  const rows = (Object.keys(measured) as (keyof typeof measured)[]).map(
    (name) =>
      `${name.padEnd(16)}${here[name].toFixed(4).padStart(10)}${measured[name].toFixed(4).padStart(12)}`,
  );
  const text = [`${'cost in ms'.padEnd(16)}${'here'.padStart(10)}${'in use'.padStart(12)}`, ...rows].join(
    '\n',
  );
  return { text, json: { here, used: measured } };
}
