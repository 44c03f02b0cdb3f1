/**
 * The transport between signers: authenticated, encrypted, ordered while a connection lasts, lossy
 * across connections. Frames are opaque bytes. Sending never blocks; what exceeds a peer's queue bound
 * is dropped, oldest first, which the protocol tolerates like a lossy network.
 */

import type { SignerId } from '../base/ids.ts';

export interface TransportHandlers {
  /** A frame from an authenticated signer. Must not throw. */
  onFrame(from: SignerId, frame: Uint8Array): void;
  onUp(peer: SignerId): void;
  onDown(peer: SignerId): void;
}

export interface Transport {
  /** Listens and starts to connect; resolves once listening. */
  start(handlers: TransportHandlers): Promise<void>;
  /** Queues a frame; returns false when it had to be dropped. */
  send(to: SignerId, frame: Uint8Array): boolean;
  connected(peer: SignerId): boolean;
  close(): Promise<void>;
}
