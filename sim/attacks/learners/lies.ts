/**
 * A liar's server for learners: the stream of an honest signer, which anybody can follow, on its way
 * through a lie. The lie gets every event and says what leaves instead; it starts anew with every
 * connection, as a liar knows what it told whom.
 */

import type { Height } from '../../../src/base/ids.ts';
import { encodeStreamEvent, type StreamEvent } from '../../../src/messages/stream.ts';
import type { StreamSource } from '../../learners/streams.ts';

/** What leaves instead of an event: several, one, or none. */
export type Lie = (event: StreamEvent) => readonly StreamEvent[];

/** What a liar does with one connection. */
interface Told {
  readonly lie: Lie;
  /** Where the honest stream is opened, when the learner asks for what is after a height. */
  readonly after?: Height;
}

interface LyingServer {
  readonly name: string;
  readonly n: number;
  readonly honest: StreamSource;
  /** Added to the height that it claims. */
  readonly boast: number;
  readonly connection: (after: Height) => Told;
}

export const lyingSource = ({ name, n, honest, boast, connection }: LyingServer): StreamSource => ({
  name,
  height: () => ((honest.height() ?? 0) + boast) as Height,
  open(after, sink) {
    const told = connection(after);
    return honest.open(told.after ?? after, {
      event: (event) => {
        const events = event instanceof Uint8Array ? [] : told.lie(event);
        for (const one of events) sink.event(encodeStreamEvent(one, n));
      },
      ended: () => sink.ended(),
    });
  },
});
