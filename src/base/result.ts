/**
 * Refusals are values. Bad input from a peer, a client or a file gives a refusal that names what is
 * wrong; only a broken invariant of our own throws (see `assert.ts`).
 */

export interface Refusal {
  /** Stable, machine-readable, UPPER_SNAKE_CASE. */
  readonly code: string;
  /** One line for a person: what is wrong, and what was expected. */
  readonly message: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Refusal };

export const accept = <T>(value: T): Result<T> => ({ ok: true, value });
export const refuse = (code: string, message: string): { ok: false; error: Refusal } => ({
  ok: false,
  error: { code, message },
});

/** Unwraps a result where a refusal would mean that our own code is wrong. @throws on a refusal. */
export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.error.code}: ${result.error.message}`);
}
