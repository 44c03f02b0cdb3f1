/**
 * The `threshold` command: what a choice of `f` and `t` means for a federation of `n` signers, before it
 * is founded (protocol section 1).
 */

import { accept, type Result, refuse } from '../../base/result.ts';
import { signersMax } from '../../messages/limits.ts';
import { defaultFaults, type Quorum, quorumOf } from '../../ordering/quorum.ts';

export interface ThresholdRequest {
  readonly signers: number;
  readonly byzantine?: number | undefined;
  readonly faulty?: number | undefined;
  /** All valid choices at `signers`, or those with the given `byzantine` or `faulty`. */
  readonly table?: boolean | undefined;
}

export interface ThresholdChoice {
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly quorum: number;
  readonly slack: number;
  /** The score needed, out of `signers`. */
  readonly threshold: number;
  readonly warning: string | null;
}

export type ThresholdJson =
  | ThresholdChoice
  | { readonly signers: number; readonly choices: ThresholdChoice[] };

/** What to say about a slack that is too small for the score path to survive a fault; else null. */
export function slackWarning(quorum: Quorum): string | null {
  if (quorum.slack < quorum.f)
    return 'a single slow or lying signer sends everything through phase 3; n >= 5f + 1 gives c >= f';
  if (quorum.slack === 0 && quorum.t > 0) return 'a single slow signer sends everything through phase 3';
  return null;
}

const choiceOf = (quorum: Quorum): ThresholdChoice => ({
  signers: quorum.n,
  byzantine: quorum.f,
  faulty: quorum.t,
  quorum: quorum.q,
  slack: quorum.slack,
  threshold: quorum.threshold,
  warning: slackWarning(quorum),
});

/** Every (f, t) that `quorumOf` admits at `n`, by f, then t. */
export function validChoices(n: number): Quorum[] {
  const choices: Quorum[] = [];
  // 2(n - t) > n + f needs 2t < n - f.
  for (let f = 0; 3 * f < n; f++)
    for (let t = f; 2 * t < n - f; t++) {
      const quorum = quorumOf(n, f, t);
      if (quorum.ok) choices.push(quorum.value);
    }
  return choices;
}

const votes = (count: number): string => (count === 1 ? '1 vote' : `${count} votes`);

function describe(choice: ThresholdChoice): string {
  const { signers: n, byzantine: f, faulty: t, quorum: q, slack: c, threshold } = choice;
  const lines = [
    `${n} signers, at most ${f} Byzantine, at most ${t} faulty in any way`,
    `quorum q      ${q}`,
    `slack c       ${c}`,
    `score needed  ${threshold}/${n}`,
    `A certificate takes ${votes(q)} of ${n}; with more than ${t} silent nothing finishes, and nothing is lost.`,
    `A batch is final after phase 2 when at least ${threshold} of ${n} signers are on record as having accepted it`,
    `before each rival: ${votes(c)} may be missing or dissenting. Below that, phase 3 decides.`,
  ];
  if (choice.warning) lines.push(`warning: ${choice.warning}`);
  return `${lines.join('\n')}\n`;
}

function describeAll(n: number, choices: readonly ThresholdChoice[]): string {
  const rows = [
    ['byzantine', 'faulty', 'quorum', 'slack', 'score', ''],
    ...choices.map((choice) => [
      `${choice.byzantine}`,
      `${choice.faulty}`,
      `${choice.quorum}`,
      `${choice.slack}`,
      `${choice.threshold}/${n}`,
      choice.warning === null ? '' : '*',
    ]),
  ];
  const lines = rows.map((row) =>
    row
      .map((cell) => cell.padEnd(11))
      .join('')
      .trimEnd(),
  );
  if (choices.some((choice) => choice.warning !== null))
    lines.push('* a single slow or lying signer can send everything through phase 3');
  return `${lines.join('\n')}\n`;
}

/** Answers a request, as text for a terminal and as the value that `--json` prints. */
export function thresholdCommand(request: ThresholdRequest): Result<{ text: string; json: ThresholdJson }> {
  const { signers: n, byzantine, faulty } = request;
  if (!Number.isSafeInteger(n) || n < 1 || n > signersMax)
    return refuse('QUORUM_SIGNERS', `signers must be an integer from 1 to ${signersMax}, not ${n}`);
  if (!request.table) {
    const quorum = quorumOf(n, byzantine ?? defaultFaults(n), faulty ?? defaultFaults(n));
    if (!quorum.ok) return quorum;
    const json = choiceOf(quorum.value);
    return accept({ text: describe(json), json });
  }
  const choices = validChoices(n)
    .filter((choice) => byzantine === undefined || choice.f === byzantine)
    .filter((choice) => faulty === undefined || choice.t === faulty)
    .map(choiceOf);
  if (choices.length === 0)
    return refuse('QUORUM_NONE', `no valid choice at ${n} signers has this byzantine and faulty`);
  return accept({ text: describeAll(n, choices), json: { signers: n, choices } });
}
