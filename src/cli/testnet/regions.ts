/**
 * Latency matrices as CSV: a header row and a first column of region names, round-trip times in
 * milliseconds between them. Signers are dealt over the regions in turn, and the federation carries
 * only the rows and columns that are used (protocol section 3, geographic shape).
 */

import { accept, type Result, refuse } from '../../base/result.ts';

export interface LatencyMatrix {
  readonly regions: readonly string[];
  /** Whole milliseconds, row to column. */
  readonly latencyMs: readonly (readonly number[])[];
}

/** Cells of one line. Quoted cells may hold commas, and quotes written twice. */
function cellsOf(line: string): string[] {
  const cells = [...line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*))(?:,|$)/g)].map((match) =>
    (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim(),
  );
  // Some tools end every line with a comma.
  while (cells.length > 1 && cells[cells.length - 1] === '') cells.pop();
  return cells;
}

/**
 * Reads a matrix.
 * @param file its name, for the error line.
 * @returns a refusal that names the line when a row or a value is missing or no number.
 */
export function parseLatencyMatrix(text: string, file: string): Result<LatencyMatrix> {
  const bad = (line: number, what: string): Result<LatencyMatrix> =>
    refuse('REGIONS_INVALID', `${file}: line ${line}: ${what}`);
  const rows = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ line: i + 1, text: line }))
    .filter((row) => row.text.trim() !== '')
    .map((row) => ({ line: row.line, cells: cellsOf(row.text) }));
  const regions = rows[0]?.cells.slice(1) ?? [];
  if (regions.length === 0) return bad(1, 'expected a header row with the names of regions');
  if (new Set(regions).size !== regions.length) return bad(1, 'expected distinct names');
  if (rows.length - 1 !== regions.length)
    return bad(rows.length, `expected ${regions.length} rows, one for each name, found ${rows.length - 1}`);
  const latencyMs: number[][] = [];
  for (const [i, { line, cells }] of rows.slice(1).entries()) {
    if (cells[0] !== regions[i]) return bad(line, `expected the row of "${regions[i]}", found "${cells[0]}"`);
    if (cells.length - 1 !== regions.length)
      return bad(line, `expected ${regions.length} values, found ${cells.length - 1}`);
    const wrong = cells.slice(1).find((cell) => !/^\d{1,7}(?:\.\d+)?$/.test(cell));
    if (wrong !== undefined) return bad(line, `expected milliseconds, found "${wrong}"`);
    latencyMs.push(cells.slice(1).map((cell) => Math.round(Number(cell))));
  }
  return accept({ regions, latencyMs });
}

/** The first `count` regions alone: those that `count` signers are dealt to. */
export const firstRegions = (matrix: LatencyMatrix, count: number): LatencyMatrix => ({
  regions: matrix.regions.slice(0, count),
  latencyMs: matrix.latencyMs.slice(0, count).map((row) => row.slice(0, count)),
});
