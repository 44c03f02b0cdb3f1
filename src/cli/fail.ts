/** Exit codes and one-line errors: 1 for a failure, 2 for bad usage, never a stack trace for a mistake. */

import type { Refusal, Result } from '../base/result.ts';

export const exitFailure = 1;
export const exitUsage = 2;

/** Codes of refusals that mean bad usage. */
const usageCodes = new Set(['BAD_OPTION', 'USAGE']);

/** Ends a command with one line on stderr. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = exitFailure) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const failureOf = (error: Refusal): CommandFailure =>
  new CommandFailure(error.message, usageCodes.has(error.code) ? exitUsage : exitFailure);

/** The value, or the command's end. @throws CommandFailure */
export function orFail<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw failureOf(result.error);
}

/** Prints what a command produced: for people, or one line of JSON. */
export function print(output: { readonly text: string; readonly json: unknown }, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(output.json) : output.text.trimEnd()}\n`);
}
