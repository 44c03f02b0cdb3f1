/**
 * What a client's promises reject with. `outcome` answers the one question that matters after a failure:
 * `rejected` means that the transaction has no effect and never will; `unknown` means that it may be, or
 * become, ordered. Submitting the very same transaction again is safe in both cases.
 */

export type Outcome = 'rejected' | 'unknown';

export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Stable, UPPER_SNAKE_CASE; the signer's own code where it gave one. */
  readonly code: string;
  /** The same transaction may succeed later. */
  readonly retryable: boolean;
  readonly outcome: Outcome;

  constructor(code: string, message: string, details: { retryable: boolean; outcome: Outcome }) {
    super(message);
    this.code = code;
    this.retryable = details.retryable;
    this.outcome = details.outcome;
  }
}

/** The caller's mistake: nothing was sent. */
export const misuse = (code: string, message: string): ClientError =>
  new ClientError(code, message, { retryable: false, outcome: 'rejected' });
