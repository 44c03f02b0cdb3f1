/** What a store rejects with: one line for a person, and a code for programs. */

export type StoreErrorCode =
  | 'STORE_LOCKED' // another process has the directory
  | 'STORE_FOREIGN' // the directory holds something else
  | 'STORE_FORMAT' // a store of a version that this program does not know
  | 'STORE_DAMAGED' // acknowledged writes are missing: never use it again
  | 'STORE_OPEN' // the directory or the file cannot be opened
  | 'STORE_DISK'; // the disk refused a write; the store stays failed

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The reason in one line, whatever was thrown. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]!;
