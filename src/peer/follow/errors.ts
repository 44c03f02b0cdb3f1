/**
 * How following a signer can go wrong, by what has to be done about it (protocol section 11).
 *
 * - `ForgedEvent`: this signer sent what does not verify. Nothing was applied; follow another one.
 * - `AgreementViolated`: everything verifies and contradicts what was delivered, so more than `f` signers
 *   lie. No signer can be followed any more: halt, and apply nothing.
 * - `LearnerHalted`: the learner's own log and its documents do not belong together, or its state machine
 *   failed. A person must look.
 */

/** The signer is lying, or its stream is damaged. */
export class ForgedEvent extends Error {
  override readonly name = 'ForgedEvent';
  /** UPPER_SNAKE_CASE, of the check that failed. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Two things that quorums signed contradict each other. */
export class AgreementViolated extends Error {
  override readonly name = 'AgreementViolated';
}

/** The learner cannot go on by itself. */
export class LearnerHalted extends Error {
  override readonly name = 'LearnerHalted';
}
