/** `/v1/submit` on the client-facing server: one `SubmitSession` each. */

import type { WebSocket } from 'ws';
import { submitBytesMax, submitPath } from '../messages/submission.ts';
import { SubmitSession, SubmitTurns } from './submit-session.ts';
import type { Transactions } from './transactions.ts';
import type { RouteSession, SendBytes, UpgradeRoute } from './upgrades.ts';

export interface SubmitRouteOptions {
  readonly transactions: Transactions;
  /** Signers. */
  readonly n: number;
  /** A connection failed for a reason of our own. */
  readonly onError: (error: unknown) => void;
}

const connectionsMax = 1024;
const unsupportedData = 1003;
const internalError = 1011;

function start(
  ws: WebSocket,
  send: SendBytes,
  options: SubmitRouteOptions,
  turns: SubmitTurns,
): RouteSession {
  const socket = {
    get bufferedAmount() {
      return ws.bufferedAmount;
    },
    send,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close(code: number, reason: string) {
      // The other side's goodbye must be read.
      ws.resume();
      ws.close(code, reason);
    },
    drop: () => ws.terminate(),
    failed(error: unknown) {
      options.onError(error);
      socket.close(internalError, 'internal error');
    },
  };
  const session = new SubmitSession(socket, { ...options, turns });
  return {
    message(bytes) {
      if (bytes) session.message(bytes);
      else socket.close(unsupportedData, 'expected binary');
    },
    close: () => session.close(),
  };
}

export function submitRoute(options: SubmitRouteOptions): UpgradeRoute {
  const turns = new SubmitTurns();
  return {
    path: submitPath,
    messageBytesMax: submitBytesMax,
    connectionsMax,
    open: () => (ws, send) => start(ws, send, options, turns),
  };
}
