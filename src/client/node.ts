/** The client on Node: native cryptography, the `ws` package, and more connections than a browser has. */

import { WebSocket } from 'ws';
import { blstProvider } from '../crypto/bls-blst-node.ts';
import { nodeSignatures } from '../crypto/ed25519-node.ts';
import { Client, type ConnectOptions } from './client.ts';

/** Like `connect`; every option given wins. */
export const connectNode = (options: ConnectOptions): Client =>
  new Client({
    provider: blstProvider,
    singles: nodeSignatures,
    connections: 16,
    webSocket: (url) => new WebSocket(url, { maxPayload: 128 << 20 }),
    ...options,
  });
