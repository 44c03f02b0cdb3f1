/** What the demo reports: for programs as JSON, for people as text. */

export interface DemoSummary {
  readonly transactions: number;
  readonly documents: number;
  readonly finality: { readonly score: number; readonly order: number };
  /** Outcomes at the state machine: `applied`, `refused`, ... */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly throughputPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number };
  readonly seconds: number;
  readonly blocks: number;
  readonly signerRestarted: boolean;
  readonly stateRoots: Readonly<Record<string, string>>;
  readonly receiptsVerified: number;
  readonly evidence: readonly unknown[];
}

const share = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

export function formatSummary(summary: DemoSummary): string {
  const { transactions, finality, latencyMs, outcomes, stateRoots } = summary;
  const told = Object.entries(outcomes).map(([status, count]) => `${count} ${status}`);
  const roots = Object.entries(stateRoots);
  const equal = new Set(roots.map(([, root]) => root)).size === 1;
  return [
    '',
    `transactions   ${transactions} ordered in ${summary.blocks} blocks, ${summary.documents} documents at the end`,
    `final          ${finality.score} by score (${share(finality.score, transactions)}), ${finality.order} by order (${share(finality.order, transactions)})`,
    `outcomes       ${told.join(', ')}`,
    `throughput     ${summary.throughputPerSecond} transactions a second for ${summary.seconds} s`,
    `latency        median ${latencyMs.p50} ms, 90 % within ${latencyMs.p90} ms, 99 % within ${latencyMs.p99} ms`,
    `a signer       ${summary.signerRestarted ? 'was killed with SIGKILL, restarted, and caught up' : 'was not restarted'}`,
    `state roots    ${equal ? 'equal' : 'DIFFERENT'}: ${roots.map(([name]) => name).join(' and ')}, ${roots[0]?.[1]}`,
    `receipts       ${summary.receiptsVerified} verified offline`,
    `evidence       ${summary.evidence.length === 0 ? 'none: nobody misbehaved' : JSON.stringify(summary.evidence)}`,
    '',
  ].join('\n');
}
