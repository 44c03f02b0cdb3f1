/** `sim calibrate`: measured costs beside those that `--costs measured` uses. */

import { calibrate } from '../../../sim/costs/calibrate.ts';
import { measured } from '../../../sim/costs/costs.ts';
import { measuredWork } from '../../../sim/costs/work.ts';
import { calibrateTransport } from './calibrate-transport.ts';

export async function calibrateCommand(): Promise<{ text: string; json: unknown }> {
  const { costs, work } = await calibrate();
  const here: Readonly<Record<string, number>> = { ...costs, ...work, ...(await calibrateTransport()) };
  const used: Readonly<Record<string, number>> = { ...measured, ...measuredWork };
  const rows = Object.entries(used).map(
    ([name, ms]) =>
      `${name.padEnd(16)}${(here[name]?.toFixed(5) ?? 'not here').padStart(10)}${ms.toFixed(5).padStart(12)}`,
  );
  const text = [`${'cost in ms'.padEnd(16)}${'here'.padStart(10)}${'in use'.padStart(12)}`, ...rows].join(
    '\n',
  );
  return { text, json: { here, used } };
}
