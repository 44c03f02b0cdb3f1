/**
 * What computing costs a signer, so that latency and throughput in a simulation mean something. The table
 * was measured with `musig-paxos sim calibrate`; docs/laboratory.md says on what machine and how.
 */

export interface Costs {
  /** One vote or block signature, and one ed25519 signature, in ms. */
  readonly signMs: number;
  readonly singleSignMs: number;
  readonly singleVerifyMs: number;
  /** Check of an aggregate over one message; each further message; each signer whose key is added. */
  readonly verifyMs: number;
  readonly verifyClassMs: number;
  readonly verifyKeyMs: number;
  /** Each signature added to or taken out of an aggregate. */
  readonly aggregateMs: number;
  /** Each step of the engine apart from the above, each kB decoded, and each kB encoded. */
  readonly stepMs: number;
  readonly receiveKbMs: number;
  readonly sendKbMs: number;
}

export const free: Costs = {
  signMs: 0,
  singleSignMs: 0,
  singleVerifyMs: 0,
  verifyMs: 0,
  verifyClassMs: 0,
  verifyKeyMs: 0,
  aggregateMs: 0,
  stepMs: 0,
  receiveKbMs: 0,
  sendKbMs: 0,
};

export const measured: Costs = {
  signMs: 0.25,
  singleSignMs: 0.02,
  singleVerifyMs: 0.06,
  verifyMs: 0.8,
  verifyClassMs: 0.25,
  verifyKeyMs: 0.0005,
  aggregateMs: 0.06,
  stepMs: 0.05,
  receiveKbMs: 0.0135,
  sendKbMs: 0.001,
};
