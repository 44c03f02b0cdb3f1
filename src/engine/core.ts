/**
 * What the parts of the engine share: configuration, the ledger with the writes of this step on top,
 * the outputs of this step, timers, and answers awaited from `verify`. Nothing of the protocol is here.
 */

import type { Epoch, SignerId } from '../base/ids.ts';
import { allSigners } from '../base/ids.ts';
import { LedgerOverlay } from '../base/overlay.ts';
import { must, type Refusal, type Result } from '../base/result.ts';
import type { FederationLimits } from '../messages/federation.ts';
import type { PeerMessage } from '../messages/peer.ts';
import { type Quorum, quorumOf } from '../ordering/quorum.ts';
import { Suspicion } from '../tree/suspicion.ts';
import type { VerifyRequest } from '../verify/verifier.ts';
import type { EngineConfig, EngineEvent, Output, Send, VerifyJob } from './contract.ts';
import { Timers } from './timers.ts';
import { type Trees, treesOf } from './trees.ts';

export class Core {
  readonly config: EngineConfig;
  readonly self: SignerId;
  readonly n: number;
  readonly epoch: Epoch;
  readonly quorum: Quorum;
  readonly limits: FederationLimits;
  readonly ledger: LedgerOverlay;
  readonly trees: Trees;
  readonly suspicion = new Suspicion();
  readonly timers = new Timers();
  /** Time of the current step in ms. */
  now = 0;
  /** Counts the steps. */
  step = 0;
  #sends: Send[] = [];
  #verify: VerifyJob[] = [];
  #events: EngineEvent[] = [];
  #nextJob = 1;
  readonly #awaited = new Map<number, (result: Result<undefined>) => void>();

  constructor(config: EngineConfig) {
    const { federation } = config;
    this.config = config;
    this.self = config.self;
    this.n = federation.signers.length;
    this.epoch = config.epoch;
    this.quorum = config.quorum ?? must(quorumOf(this.n, federation.byzantine, federation.faulty));
    this.limits = federation.limits;
    this.ledger = new LedgerOverlay(config.ledger);
    this.trees = treesOf(federation, config.epoch);
  }

  /** Queues a message; to ourselves is a no-op. `durable`: not before the writes so far are durable. */
  send(to: SignerId, message: PeerMessage, durable = false): void {
    if (to !== this.self) this.#sends.push({ to, message, durable });
  }

  sendAll(message: PeerMessage, durable = false): void {
    for (const signer of allSigners(this.n)) this.send(signer, message, durable);
  }

  emit(event: EngineEvent): void {
    this.#events.push(event);
  }

  refused(from: SignerId, refusal: Refusal): void {
    this.emit({ type: 'refused', from, refusal });
  }

  /** Asks the host for a check; `then` runs in the step that brings the answer. */
  verify(request: VerifyRequest, then: (result: Result<undefined>) => void): void {
    const id = this.#nextJob++;
    this.#awaited.set(id, then);
    this.#verify.push({ id, request });
  }

  verified(id: number, result: Result<undefined>): void {
    const then = this.#awaited.get(id);
    this.#awaited.delete(id);
    then?.(result);
  }

  /** Takes what this step asked for. */
  drain(): Output {
    const output: Output = {
      writes: this.ledger.drain(),
      lazyWrites: this.ledger.drainLazy(),
      sends: this.#sends,
      verify: this.#verify,
      events: this.#events,
      wake: this.timers.next(),
    };
    this.#sends = [];
    this.#verify = [];
    this.#events = [];
    return output;
  }
}
