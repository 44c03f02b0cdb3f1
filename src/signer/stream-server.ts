/** `/v1/stream` on the client-facing server: one `StreamSession` each. What receivers may send is tiny. */

import type { WebSocket } from 'ws';
import type { Height } from '../base/ids.ts';
import { decodeCredit } from '../messages/stream.ts';
import { reasonOf } from '../store/error.ts';
import { type HttpError, invalid } from './errors.ts';
import { StreamSession, type StreamSources } from './stream-session.ts';
import type { RouteSession, SendBytes, UpgradeRoute } from './upgrades.ts';

export interface StreamRouteOptions extends StreamSources {
  /** A stream failed for a reason of our own. */
  readonly onError: (error: unknown) => void;
  readonly streamsMax?: number;
}

export const streamPath = '/v1/stream';
const streamsMax = 256;
/** A credit message has five bytes. */
const messageBytesMax = 64;
const policyViolation = 1008;
const internalError = 1011;

/** The height after which the stream begins. */
function heightOf(query: URLSearchParams): Height | HttpError {
  const text = query.get('after') ?? '0';
  const after = Number(text);
  return /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(after)
    ? (after as Height)
    : invalid({ code: 'HEIGHT', message: 'after: expected a whole number from 0' });
}

function start(ws: WebSocket, send: SendBytes, options: StreamRouteOptions, after: Height): RouteSession {
  const socket = {
    get bufferedAmount() {
      return ws.bufferedAmount;
    },
    send,
    failed: (error: unknown) => {
      options.onError(error);
      ws.close(internalError, 'internal error');
    },
  };
  const session = new StreamSession(socket, options, after);
  return {
    message(bytes) {
      const credit = bytes && decodeCredit(bytes);
      if (credit?.ok) session.credit(credit.value.events);
      else
        ws.close(policyViolation, credit ? reasonOf(credit.error.message).slice(0, 100) : 'expected binary');
    },
    close: () => session.close(),
  };
}

export const streamRoute = (options: StreamRouteOptions): UpgradeRoute => ({
  path: streamPath,
  messageBytesMax,
  connectionsMax: options.streamsMax ?? streamsMax,
  open(query) {
    const after = heightOf(query);
    return typeof after === 'number' ? (ws, send) => start(ws, send, options, after) : after;
  },
});
