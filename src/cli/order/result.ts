/** What `order` answers: the shape that `--json` prints, the same for both rules. */

/**
 * `score`: final after phase 2. `order`: ordered by the block. `open`: no quorum of votes, or it waits for
 * a batch without one.
 */
export type Finality = 'score' | 'order' | 'open';

export interface BatchResult {
  /** Votes on the batch. */
  readonly votes: number;
  /** Every batch that some vote lists, and by how many votes. */
  readonly rivals: Record<string, number>;
  /**
   * The ordering score out of `n`. Of a batch that is final by score: at its turn. Of any other: once
   * everything final by score is delivered.
   */
  readonly score: number;
  readonly final: Finality;
  /** Place in `order`, from 1; null when open. */
  readonly rank: number | null;
}

export interface PairLine {
  readonly first: string;
  readonly second: string;
  readonly for: number;
  readonly against: number;
}

export interface OrderResult {
  readonly rule: 'engine' | 'source';
  readonly quorum: number;
  readonly slack: number;
  /** The score that makes a batch final. */
  readonly threshold: number;
  /** By name, ascending. */
  readonly batches: Record<string, BatchResult>;
  /** Conflicting batches of the block, the winner first; by (first, second). */
  readonly pairs: readonly PairLine[];
  /** Components of more than one batch, the names of each ascending, by their first name. */
  readonly cycles: readonly (readonly string[])[];
  readonly order: readonly string[];
  /** Ascending. */
  readonly open: readonly string[];
}
