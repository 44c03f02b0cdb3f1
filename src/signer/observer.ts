/** What the event loop tells whoever counts. Nothing here may throw. */

import type { SignerId } from '../base/ids.ts';
import type { Refusal } from '../base/result.ts';
import type { Input } from '../engine/contract.ts';
import type { PeerMessage } from '../messages/peer.ts';
import type { VerifyRequest } from '../verify/verifier.ts';

export interface HostObserver {
  step(input: Input['type'], tookMs: number): void;
  verified(kind: VerifyRequest['kind'], tookMs: number): void;
  flushed(tookMs: number): void;
  received(from: SignerId, message: PeerMessage): void;
  sent(message: PeerMessage): void;
  refused(from: SignerId, refusal: Refusal): void;
}

export const unobserved: HostObserver = {
  step() {},
  verified() {},
  flushed() {},
  received() {},
  sent() {},
  refused() {},
};
