/**
 * What a signer's own work costs beside cryptography and codecs (costs.ts): everything that grows with the
 * transactions in a batch, with messages, and with what is written. Without it a simulation flatters: at
 * full load most of a signer's time goes into transactions, not into signatures. The table was measured with
 * `musig-paxos sim calibrate`; docs/laboratory.md says what is charged and what is not.
 *
 * A step is charged for what came out of it: a batch accepted, delivered or committed costs its
 * transactions, a write its bytes. So no rule of the engine is repeated here.
 */

import type { Table } from '../../src/base/ledger.ts';
import type { EngineEvent, Input, Output } from '../../src/engine/contract.ts';

/** All in ms. */
export interface WorkCosts {
  /** Each transaction of a client: taken in, checked, and answered with a receipt, at its ingress. */
  readonly clientMs: number;
  /** Each transaction put into a batch at its ingress; accepted; delivered; in a committed block. */
  readonly formMs: number;
  readonly acceptMs: number;
  readonly deliverMs: number;
  readonly commitMs: number;
  /** Each batch of a committed block. */
  readonly commitBatchMs: number;
  /** Each message sent or received: its share of a frame, encryption, the system's calls. */
  readonly messageMs: number;
  /** Each kB sent or received: encryption, copies, the system's calls. */
  readonly transferKbMs: number;
  /** Each row put into the store, and each kB of it; and what the store does with it later, in the background. */
  readonly putMs: number;
  readonly putKbMs: number;
  readonly flushMs: number;
  readonly flushKbMs: number;
}

export const freeWork: WorkCosts = {
  clientMs: 0,
  formMs: 0,
  acceptMs: 0,
  deliverMs: 0,
  commitMs: 0,
  commitBatchMs: 0,
  messageMs: 0,
  transferKbMs: 0,
  putMs: 0,
  putKbMs: 0,
  flushMs: 0,
  flushKbMs: 0,
};

export const measuredWork: WorkCosts = {
  clientMs: 0.1,
  formMs: 0.006,
  acceptMs: 0.002,
  deliverMs: 0.0001,
  commitMs: 0.002,
  commitBatchMs: 0.055,
  messageMs: 0.011,
  transferKbMs: 0.0012,
  putMs: 0.0008,
  putKbMs: 0.001,
  flushMs: 0.0006,
  flushKbMs: 0.005,
};

/** Where a signer's time goes, in ms; `disk` is the store's, in the background. */
export interface Time {
  crypto: number;
  codec: number;
  network: number;
  disk: number;
  engine: number;
  clients: number;
}

export const phases = [
  'crypto',
  'codec',
  'network',
  'disk',
  'engine',
  'clients',
] as const satisfies readonly (keyof Time)[];

export const noTime = (): Time => ({ crypto: 0, codec: 0, network: 0, disk: 0, engine: 0, clients: 0 });

export const totalOf = ({ crypto, codec, network, disk, engine, clients }: Time): number =>
  crypto + codec + network + disk + engine + clients;

/** Adds a time to another. */
export function addTime(sum: Time, more: Time): void {
  for (const phase of phases) sum[phase] += more[phase];
}

/** Tables with rows for single transactions. */
const perTransaction: ReadonlySet<Table> = new Set<Table>(['transaction', 'dependency']);

/**
 * What a step's work costs, without cryptography and codecs.
 * @param bundle real transactions that one of the step's stands for; 1 unless a load says otherwise.
 */
export function workOf(input: Input, output: Output, work: WorkCosts, bundle = 1): Time {
  const time = noTime();
  if (work === freeWork) return time;
  if (input.type === 'message') time.network += work.messageMs;
  if (input.type === 'submit') time.clients += input.transactions.length * bundle * work.clientMs;
  time.network += output.sends.length * work.messageMs;
  for (const event of output.events) time.engine += eventMs(event, work, bundle);
  for (const writes of [output.writes, output.lazyWrites])
    for (const write of writes) {
      const rows = perTransaction.has(write.table) ? bundle : 1;
      const kilobytes = (write.value?.length ?? 0) / 1000;
      time.engine += rows * (work.putMs + kilobytes * work.putKbMs);
      time.disk += rows * (work.flushMs + kilobytes * work.flushKbMs);
    }
  return time;
}

function eventMs(event: EngineEvent, work: WorkCosts, bundle: number): number {
  switch (event.type) {
    case 'accepted':
      return event.transactions.length * bundle * work.formMs;
    case 'arrived':
      return event.batch.transactions.length * bundle * work.acceptMs;
    case 'delivered':
      return event.delivery.batch.transactions.length * bundle * work.deliverMs;
    case 'committed': {
      const { places } = event.committed;
      const transactions = places.reduce((sum, place) => sum + place.verdicts.length, 0);
      return places.length * work.commitBatchMs + transactions * bundle * work.commitMs;
    }
    case 'evidence':
    case 'refused':
      return 0;
  }
}
