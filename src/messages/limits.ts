/**
 * Bounds of the wire forms that do not depend on the federation. A decoder refuses what exceeds them
 * before it reads or allocates. The federation's own, tighter limits are checked by `checkBatch`.
 */

export const signersMax = 4096;
export const clientIdBytesMax = 64;
export const dependencyBytesMax = 512;
export const dependenciesMax = 1024;
export const bodyBytesMax = 1 << 20;
export const batchTransactionsMax = 8192;
export const afterMax = 8192;
export const beforeMax = 1 << 16;
export const classesMax = signersMax;
export const entriesMax = 1 << 16;
/** A frame between signers: one or more messages. */
export const frameBytesMax = 32 << 20;
/** An aggregated signature: a scheme may list an entry for each signer (68 bytes, `crypto/ed25519-list.ts`). */
export const aggregateBytesMax = signersMax * 68;
export const frameMessagesMax = 1 << 16;
export const fetchIdsMax = 1024;
