/** A connection to one etcd server, whichever client made it. */

export interface EtcdConnection {
  /** Writes a value under a key. @returns the revision it made, once a quorum has it on disk. */
  put(key: Uint8Array, value: Uint8Array): Promise<number>;
  close(): void;
}

/** Which client drives etcd: `grpc` is like those that users have, `lean` has next to no costs of its own. */
export type EtcdClient = 'grpc' | 'lean';

export const putPath = '/etcdserverpb.KV/Put';
/** Head of a gRPC message: a byte for compression, four for the length. */
export const messageHeadBytes = 5;
