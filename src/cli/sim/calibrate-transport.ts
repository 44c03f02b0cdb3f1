/**
 * What the transport between signers costs in processor time, the system's share included: two endpoints
 * on loopback, one frame at a time, small and large ones.
 */

import { cpuMs } from '../../../sim/costs/cpu.ts';
import type { WorkCosts } from '../../../sim/costs/work.ts';
import { type Digest, digestAs, type Epoch, signerId } from '../../base/ids.ts';
import { WsTransport } from '../../transport/ws.ts';
import { generateTransportKeys } from '../../transport/x25519.ts';

const quiet = { info() {}, warn() {}, error() {}, debug() {} };
const [left, right] = [signerId(0), signerId(1)];

/** Processor time of one frame, for both ends together, in ms. */
async function frameMs(
  from: WsTransport,
  arrived: () => Promise<void>,
  frame: Uint8Array,
  count: number,
): Promise<number> {
  const start = cpuMs();
  for (let i = 0; i < count; i++) {
    const there = arrived();
    from.send(right, frame);
    await there;
  }
  return (cpuMs() - start) / count;
}

/** For each end: `messageMs` of a small message, `transferKbMs` of each kB. */
export async function calibrateTransport(): Promise<Pick<WorkCosts, 'messageMs' | 'transferKbMs'>> {
  const keys = [generateTransportKeys(), generateTransportKeys()];
  const ports: number[] = [0, 0];
  const make = (id: 0 | 1): WsTransport =>
    new WsTransport({
      self: id === 0 ? left : right,
      listen: { host: '127.0.0.1', port: 0 },
      peers: [left, right].map((peer) => ({
        id: peer,
        address: `127.0.0.1:${ports[peer] || 1}`,
        transportKey: keys[peer]!.publicKey,
      })),
      secretKey: keys[id]!.secretKey,
      epoch: digestAs<Epoch>('00'.repeat(32) as Digest),
      log: quiet,
    });
  let heard = (): void => {};
  const arrived = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  // The lower id dials, so the other one must listen first.
  const callee = make(1);
  await callee.start({ onFrame: () => heard(), onUp() {}, onDown() {} });
  ports[1] = callee.port;
  const caller = make(0);
  const connected = new Promise<void>((resolve) => {
    void caller.start({ onFrame() {}, onUp: () => resolve(), onDown() {} });
  });
  try {
    await connected;
    const [small, large] = [new Uint8Array(300), new Uint8Array(200_000)];
    await frameMs(caller, arrived, small, 2000);
    const smallMs = (await frameMs(caller, arrived, small, 4000)) / 2;
    const largeMs = (await frameMs(caller, arrived, large, 200)) / 2;
    const transferKbMs = Math.max(0, largeMs - smallMs) / ((large.length - small.length) / 1000);
    return { messageMs: smallMs, transferKbMs };
  } finally {
    await caller.close();
    await callee.close();
  }
}
