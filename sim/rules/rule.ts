/** The rules that the laboratory compares. Only `engine` is what signers run. */

/**
 * - `engine`: the real engine, as signers run it.
 * - `source`: the source document's rule as written (protocol section 12).
 * - `fcfs`: a leader orders by its own arrivals; a yardstick for fairness.
 * - `median`: the median of reported positions; a yardstick for fairness.
 */
export const ruleNames = ['engine', 'source', 'fcfs', 'median'] as const;

export type RuleName = (typeof ruleNames)[number];
