/** What users of the package import. Everything here is documented where it is defined. */

export { toHex, utf8 } from './base/bytes.ts';
export type { BatchId, Epoch, Height, SignerId, TransactionId } from './base/ids.ts';
export type { Refusal, Result } from './base/result.ts';
export {
  Client,
  type ConnectOptions,
  type SubmitOptions,
  type SubmittedTransaction,
} from './client/client.ts';
export { ClientError } from './client/error.ts';
export { connectNode as connect } from './client/node.ts';
export { verifyReceipt } from './client/verify.ts';
export { nodeSignatures, nodeSignerFromSeed } from './crypto/ed25519-node.ts';
export type { MultiSignatureScheme, SchemeProvider, SchemeSigner } from './crypto/scheme.ts';
export { nodeSchemes } from './crypto/schemes-node.ts';
export type { SingleSignatures, SingleSigner } from './crypto/signing.ts';
export type { EngineConfig, EngineEvent, Input, Output } from './engine/contract.ts';
export { Engine } from './engine/engine.ts';
export type { Federation, FederationLimits, SignerInfo } from './messages/federation.ts';
export { formatFederation, parseFederation } from './messages/federation-file.ts';
export { decodeReceiptJson, encodeReceiptJson, type Receipt } from './messages/receipt.ts';
export type { BatchEvent, BlockEvent, HelloEvent, StreamEvent } from './messages/stream.ts';
export { type Quorum, quorumOf } from './ordering/quorum.ts';
export {
  type Document,
  type DocumentReader,
  type DocumentStore,
  type DocumentTransaction,
  ForkDetected,
  type Manifest,
  type OrderedGroup,
  type OrderedTransaction,
  type Outcome,
  type Position,
  PositionMismatch,
  SnapshotRefused,
  type StateMachine,
} from './peer/api.ts';
export { loadPeerHome, type PeerHome } from './peer/config.ts';
export { type StorePlace, storeConformance } from './peer/documents/conformance.ts';
export { LmdbDocumentStore } from './peer/documents/lmdb.ts';
export { MemoryDocumentStore } from './peer/documents/memory.ts';
export { type LearnerOverrides, type RunningLearner, startLearner } from './peer/learner.ts';
export { documentDependencies, documentMachine, encodeOperations } from './peer/machine/documents.ts';
export { loadSignerHome, type SignerHome } from './signer/config.ts';
export { type RunningSigner, type SignerOptions, startSigner } from './signer/signer.ts';
export { verifyEvidence } from './verify/evidence.ts';
export { openFederation } from './verify/federation.ts';
export { Verifier } from './verify/verifier.ts';
