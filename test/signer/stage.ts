/** A host on a stage: an engine that does what the test says, and a disk that answers when the test says. */

import { type Height, type SignerId, signerId } from '../../src/base/ids.ts';
import type { Write } from '../../src/base/ledger.ts';
import { accept, must, type Result } from '../../src/base/result.ts';
import type { EngineEvent, Input, Output, Send } from '../../src/engine/contract.ts';
import {
  decodeFrame,
  decodePeerMessage,
  encodeFrame,
  encodePeerMessage,
  type PeerMessage,
} from '../../src/messages/peer.ts';
import { Host, type HostFailure } from '../../src/signer/host.ts';
import { unobserved } from '../../src/signer/observer.ts';
import type { VerifyRequest } from '../../src/verify/verifier.ts';

export const n = 4;
export const message = (from: number): PeerMessage => ({ type: 'catchUp', from: from as Height });
export const numberOf = (sent: PeerMessage): number => (sent.type === 'catchUp' ? sent.from : -1);
export const write: Write = { table: 'meta', key: Uint8Array.of(1), value: Uint8Array.of(2) };
export const event: EngineEvent = {
  type: 'refused',
  from: signerId(1),
  refusal: { code: 'X', message: 'x' },
};
export const send = (to: number, value: number, durable: boolean): Send => ({
  to: signerId(to),
  message: message(value),
  durable,
});

export class Disk {
  readonly applied: (readonly Write[])[] = [];
  readonly flushes: { applied: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  /** What `flushNow` answers in turn; then, that nothing was done. */
  readonly now: (boolean | Error)[] = [];
  /** Groups that were applied when `flushNow` made them durable. */
  readonly synced: number[] = [];
  apply(writes: readonly Write[]): void {
    this.applied.push(writes);
  }
  flushNow(): boolean {
    const answer = this.now.shift() ?? false;
    if (answer instanceof Error) throw answer;
    if (answer) this.synced.push(this.applied.length);
    return answer;
  }
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.flushes.push({ applied: this.applied.length, resolve, reject });
    });
  }
}

export const turns = async (count = 3): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A host with a script: what each input gives. Inputs without a line give nothing. */
export function stage(
  script: (input: Input, now: number) => Partial<Output> | undefined,
  verify?: (request: VerifyRequest) => Result<undefined>,
) {
  const disk = new Disk();
  const inputs: Input[] = [];
  const frames: { to: SignerId; numbers: number[] }[] = [];
  const events: (readonly EngineEvent[])[] = [];
  const failures: HostFailure[] = [];
  const refused: string[] = [];
  const host = new Host({
    n,
    engine: {
      step(input, now) {
        inputs.push(input);
        return {
          writes: [],
          lazyWrites: [],
          sends: [],
          verify: [],
          events: [],
          wake: undefined,
          ...script(input, now),
        };
      },
    },
    store: disk,
    verify: verify ?? (() => accept(undefined)),
    send: (to, frame) => {
      const messages = must(decodeFrame(frame)).map((bytes) => must(decodePeerMessage(bytes, n)));
      frames.push({ to, numbers: messages.map(numberOf) });
    },
    events: (list) => events.push(list),
    failed: (failure) => failures.push(failure),
    observer: { ...unobserved, refused: (from, { code }) => refused.push(`${from} ${code}`) },
  });
  const deliver = (from: number, ...values: number[]): void =>
    host.frame(signerId(from), encodeFrame(values.map((value) => encodePeerMessage(message(value), n))));
  return { host, disk, inputs, frames, events, failures, refused, deliver };
}
