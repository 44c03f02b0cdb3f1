/** The client for browsers: no Node modules, pure JavaScript cryptography. */

export { Client, type ConnectOptions, connect, type SubmitOptions } from './client/client.ts';
export { ClientError } from './client/error.ts';
export { verifyReceipt } from './client/verify.ts';
export { nobleSignatures } from './crypto/ed25519-noble.ts';
export { nobleSchemes } from './crypto/schemes-noble.ts';
export { documentDependencies, encodeOperations } from './peer/machine/documents.ts';
export { openFederation } from './verify/federation.ts';
