/** What the meters of every signer show at a moment: time computed by phase, bytes and messages sent. */

import { noTime, phases, type Time } from '../costs/work.ts';
import type { World } from '../world.ts';

export class Readings {
  readonly at: number;
  /** By signer. */
  readonly times: readonly Time[];
  readonly bytes: readonly number[];
  readonly messages: readonly number[];

  constructor(world: World) {
    this.at = world.now;
    this.times = world.nodes.map(({ time }) => ({ ...time }));
    this.bytes = [...world.network.bytesOf];
    this.messages = [...world.network.messagesOf];
  }

  /** What was used between two readings. */
  since(before: Readings): Used {
    return {
      forMs: this.at - before.at,
      times: this.times.map((time, i) => {
        const used = noTime();
        for (const phase of phases) used[phase] = time[phase] - before.times[i]![phase];
        return used;
      }),
      bytes: this.bytes.map((bytes, i) => bytes - before.bytes[i]!),
      messages: this.messages.map((count, i) => count - before.messages[i]!),
    };
  }
}

/** By signer, over some time. */
export interface Used {
  readonly forMs: number;
  readonly times: readonly Time[];
  readonly bytes: readonly number[];
  readonly messages: readonly number[];
}
