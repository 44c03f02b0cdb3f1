/** Refusals as clients get them: an HTTP status with the error form of `messages/http.ts`. */

import type { Refusal } from '../base/result.ts';
import type { ErrorJson } from '../messages/http.ts';

/** What a request is answered with when it is refused as a whole. */
export interface HttpError {
  readonly status: number;
  readonly error: ErrorJson;
}

/** The request is at fault: sending it again changes nothing. */
export const invalid = (refusal: Refusal, status = 400): HttpError => ({
  status,
  error: { ...refusal, retryable: false, outcome: 'rejected' },
});

/** Nothing was taken; the same request may succeed a little later, or at another signer. */
export const overloaded = (message: string, retryAfterMs: number): HttpError => ({
  status: 503,
  error: { code: 'OVERLOADED', message, retryable: true, retryAfterMs, outcome: 'rejected' },
});

/** The transaction may be, or become, ordered; asking again is safe. */
export const undecided = (code: string, message: string, status: number): HttpError => ({
  status,
  error: { code, message, retryable: true, retryAfterMs: 500, outcome: 'unknown' },
});

export const stopping: HttpError = undecided('STOPPING', 'this signer is stopping', 503);
