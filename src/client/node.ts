/** The client on Node: native cryptography, the `ws` package, and more connections than a browser has. */

import { WebSocket } from 'ws';
import { nodeSignatures } from '../crypto/ed25519-node.ts';
import { installNodeNative } from '../crypto/native-node.ts';
import { nodeSchemes } from '../crypto/schemes-node.ts';
import { answersBytesMax } from '../messages/answers.ts';
import { Client, type ConnectOptions } from './client.ts';

/** Like `connect`; every option given wins. */
export function connectNode(options: ConnectOptions): Client {
  installNodeNative();
  return new Client({
    schemes: nodeSchemes,
    singles: nodeSignatures,
    connections: 16,
    webSocket: (url) => new WebSocket(url, { maxPayload: answersBytesMax, perMessageDeflate: false }),
    ...options,
  });
}
