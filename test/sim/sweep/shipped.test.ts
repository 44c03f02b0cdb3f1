/** The sweeps that come with the package are sweeps, and their first and last trials can be decided. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findAttack } from '../../../sim/attacks/catalog.ts';
import { parseSweep } from '../../../sim/sweep/file.ts';
import { cellsOf } from '../../../sim/sweep/plan.ts';
import { runTrial, taskOf } from '../../../sim/sweep/trial.ts';
import { must } from '../../../src/base/result.ts';

const folder = fileURLToPath(new URL('../../../sim/sweeps/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.toml'));

describe('shipped sweeps', () => {
  it('are those of the laboratory', () => {
    expect(files.sort()).toEqual(['contention.toml', 'cost.toml', 'flip-threshold.toml', 'head-start.toml']);
  });

  it.each(files)('%s names what exists, plots it, and is decided', (name) => {
    const sweep = must(parseSweep(readFileSync(folder + name, 'utf8'), name, findAttack));
    const cells = cellsOf(sweep);
    expect(cells.length).toBeGreaterThan(10);
    const { record } = runTrial(taskOf(sweep, cells[0]!, 0), findAttack);
    expect([record.outcome, record.reason]).not.toContain('unknown');
    const figures = ['success', 'violations', ...Object.keys(record.figures)];
    for (const plot of sweep.plots) expect(figures).toContain(plot.y);
  });
});
