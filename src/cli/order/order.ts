/** The `order` command: what order the arrivals of a file give, as data and as a report. */

import { accept, type Result } from '../../base/result.ts';
import { type Arrivals, parseArrivals } from './arrivals.ts';
import { runEngineRule } from './engine-rule.ts';
import type { BatchResult, OrderResult } from './result.ts';
import { runSourceRule } from './source-rule.ts';

export type OrderRule = 'engine' | 'source';

/** Applies a rule to parsed arrivals; the result is what `order --json` prints. */
export const runOrder = (arrivals: Arrivals, rule: OrderRule): OrderResult =>
  rule === 'engine' ? runEngineRule(arrivals) : runSourceRule(arrivals);

/** Columns as wide as their widest cell, two spaces apart. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

/** Why a batch is open. */
const openReason = (batch: BatchResult, quorum: number): string =>
  batch.votes < quorum ? `${batch.votes} of ${quorum} votes` : 'waits for one of the others';

/** A report for a terminal. */
export function formatOrder(result: OrderResult): string {
  const n = result.threshold + result.slack;
  const names = Object.keys(result.batches);
  const what = result.rule === 'engine' ? 'rivals' : 'next';
  const rows = names.map((name) => {
    const batch = result.batches[name]!;
    const rivals = Object.entries(batch.rivals).map(([id, listed]) => `${id} ${listed}`);
    const rank = batch.rank === null ? '-' : `${batch.rank}`;
    return [name, `${batch.votes}`, `${batch.score}/${n}`, batch.final, rank, rivals.join(', ')];
  });
  const lines = [
    `rule ${result.rule}: quorum ${result.quorum} of ${n}, slack ${result.slack}, final by score from ${result.threshold}/${n}`,
    ...table([['batch', 'votes', 'score', 'final', 'rank', what], ...rows]),
  ];
  const pairs = result.pairs.map((pair) => [
    `  ${pair.first}`,
    `before ${pair.second}`,
    `${pair.for} : ${pair.against}`,
  ]);
  if (pairs.length > 0) lines.push('pairs', ...table(pairs));
  if (result.cycles.length > 0) lines.push('cycles', ...result.cycles.map((cycle) => `  ${cycle.join(' ')}`));
  lines.push(`order ${result.order.join(' ')}`.trimEnd());
  const open = result.open.map((name) => `${name} (${openReason(result.batches[name]!, result.quorum)})`);
  if (open.length > 0) lines.push(`open ${open.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/**
 * The whole command but the reading of the file.
 * @param text content of an arrival file.
 */
export function orderCommand(text: string, rule: OrderRule): Result<{ text: string; json: OrderResult }> {
  const arrivals = parseArrivals(text);
  if (!arrivals.ok) return arrivals;
  const json = runOrder(arrivals.value, rule);
  return accept({ text: formatOrder(json), json });
}
