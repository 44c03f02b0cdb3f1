/** Counters and histograms of one signer, for Prometheus. One registry a signer: tests run several. */

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { SignerId } from '../base/ids.ts';
import type { Refusal } from '../base/result.ts';
import type { EngineEvent, Input } from '../engine/contract.ts';
import type { PeerMessage } from '../messages/peer.ts';
import type { TransportStats } from '../transport/options.ts';
import type { VerifyRequest } from '../verify/verifier.ts';
import type { HostObserver } from './observer.ts';
import type { SignerStatus } from './status.ts';
import { Durations, Tally } from './tally.ts';

const fastSeconds = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1];
const slowSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Read when somebody asks, instead of being kept up to date. */
const gauges: readonly (readonly [
  string,
  string,
  (status: SignerStatus, transport: TransportStats) => number,
])[] = [
  ['height', 'Committed height', (status) => status.height],
  ['view', 'View of the agreement', (status) => status.engine.view],
  ['order_batches', 'Batches in the committed order', (status) => status.engine.orderSize],
  ['order_transactions', 'Transactions in the committed order', (status) => status.engine.transactions],
  ['accepted_batches', 'Batches accepted and not committed', (status) => status.engine.accepted],
  ['ahead_batches', 'Batches final by score and not committed', (status) => status.engine.ahead],
  ['waiting_batches', 'Batches certified and not final', (status) => status.engine.waiting],
  ['queue_transactions', 'Transactions that wait for a batch', (status) => status.engine.queued],
  ['queue_bytes', 'Bytes of transactions that wait for a batch', (status) => status.queuedBytes],
  ['open_transactions', 'Transactions taken here that are not final', (status) => status.open],
  ['waits', 'Transactions that requests wait for', (status) => status.waiting],
  ['streams', 'Open streams', (status) => status.streams],
  ['suspected', 'Signers suspected', (status) => status.engine.suspected.length],
  ['ready', '1 when ready', (status) => Number(status.ready)],
  ['peers_connected', 'Signers connected', (_, transport) => transport.connected],
  ['transport_queue_bytes', 'Bytes queued for other signers', (_, transport) => transport.queuedBytes],
  ['transport_frames_dropped', 'Frames dropped', (_, transport) => transport.framesDropped],
  ['transport_bytes_in', 'Bytes received', (_, transport) => transport.bytesIn],
  ['transport_bytes_out', 'Bytes sent', (_, transport) => transport.bytesOut],
];

const name = (suffix: string): string => `musig_paxos_${suffix}`;

export class SignerMetrics implements HostObserver {
  readonly registry = new Registry();
  readonly #steps = this.#durations('step_seconds', 'Engine steps', fastSeconds, 'input');
  readonly #verifies = this.#durations('verify_seconds', 'Signature checks', fastSeconds, 'kind');
  readonly #flushes = this.#durations('flush_seconds', 'Syncs of the store', slowSeconds);
  readonly #received = this.#tally('messages_received_total', 'Messages from signers', 'type');
  readonly #sent = this.#tally('messages_sent_total', 'Messages to signers', 'type');
  readonly #refused = this.#tally('refused_total', 'Frames and messages refused', 'code');
  readonly #deliveries = this.#tally('delivered_batches_total', 'Batches delivered', 'finality');
  readonly #transactions = this.#tally('delivered_transactions_total', 'Transactions delivered', 'finality');
  readonly #evidence = this.#tally('evidence_total', 'Proofs of misbehaviour', 'kind');
  #evidenceCount = 0;

  /** @param read state of the signer, when somebody asks for the metrics. */
  constructor(read: () => readonly [SignerStatus, TransportStats]) {
    collectDefaultMetrics({ register: this.registry });
    for (const [suffix, help, of] of gauges)
      new Gauge({
        name: name(suffix),
        help,
        registers: [this.registry],
        collect() {
          this.set(of(...read()));
        },
      });
  }

  /** Proofs of misbehaviour since the start. */
  get evidence(): number {
    return this.#evidenceCount;
  }

  step(input: Input['type'], tookMs: number): void {
    this.#steps.add(tookMs, input);
  }
  verified(kind: VerifyRequest['kind'], tookMs: number): void {
    this.#verifies.add(tookMs, kind);
  }
  flushed(tookMs: number): void {
    this.#flushes.add(tookMs);
  }
  received(_from: SignerId, { type }: PeerMessage): void {
    this.#received.add(type);
  }
  sent({ type }: PeerMessage): void {
    this.#sent.add(type);
  }
  refused(_from: SignerId, { code }: Refusal): void {
    this.#refused.add(code);
  }

  event(event: EngineEvent): void {
    if (event.type === 'delivered') {
      const { batch, finality } = event.delivery;
      this.#deliveries.add(finality);
      this.#transactions.add(finality, batch.header.count);
    } else if (event.type === 'evidence') {
      this.#evidenceCount += 1;
      this.#evidence.add(event.evidence.kind);
    }
  }

  #durations(suffix: string, help: string, bounds: readonly number[], label?: string): Durations {
    return new Durations(this.registry, name(suffix), help, bounds, label);
  }

  #tally(suffix: string, help: string, label: string): Tally {
    return new Tally(this.registry, name(suffix), help, label);
  }
}
