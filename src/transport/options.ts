/**
 * What a transport is told at its start, and the bounds that keep every peer and every stranger from
 * using more memory, sockets or time than planned for.
 */

import { equalBytes, toHex } from '../base/bytes.ts';
import type { Epoch, SignerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { frameBytesMax } from '../messages/limits.ts';
import { type KeyPair, keyBytes, keyPairFrom } from './x25519.ts';

export interface TransportLimits {
  /** Longest frame sent or assembled. */
  readonly frameBytesMax: number;
  /** Waiting frames per connected peer. */
  readonly queueBytesMax: number;
  /** Waiting frames per peer that is not connected: what would be stale when it returns is not kept. */
  readonly queueDownBytesMax: number;
  /** Bytes given to a socket before its buffer has to drain. */
  readonly socketBufferBytesMax: number;
  /** Connections that have not authenticated yet; the oldest makes room for the next. */
  readonly handshakesMax: number;
  /** From the TCP connection to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** A connection that sent nothing for this long sends a sign of life. */
  readonly keepaliveMs: number;
  /** A peer that sent nothing for this long is taken for dead. */
  readonly deadAfterMs: number;
  /** First and longest pause between attempts to connect, before jitter. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** How long a close frame may take before the socket is destroyed. */
  readonly closeTimeoutMs: number;
  /** At most one log line of a kind per peer in this time. */
  readonly logIntervalMs: number;
  /** Messages per key and direction; the connection is renewed after that. */
  readonly noncesMax: number;
}

export const defaultTransportLimits: TransportLimits = {
  frameBytesMax,
  queueBytesMax: 64 << 20,
  queueDownBytesMax: 8 << 20,
  socketBufferBytesMax: 1 << 20,
  handshakesMax: 128,
  handshakeTimeoutMs: 3000,
  keepaliveMs: 750,
  deadAfterMs: 3000,
  backoffMsMin: 50,
  backoffMsMax: 2000,
  closeTimeoutMs: 250,
  logIntervalMs: 10_000,
  noncesMax: 2 ** 40,
};

/** The part of a logger that a transport uses; pino's fits. */
export interface TransportLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface TransportClock {
  /** Milliseconds from any origin, never going back. */
  now(): number;
}

export interface TransportPeer {
  readonly id: SignerId;
  /** `host:port`, `[host]:port` for IPv6. */
  readonly address: string;
  /** x25519, 32 bytes. */
  readonly transportKey: Uint8Array;
}

export interface WsTransportOptions {
  readonly self: SignerId;
  readonly listen: { readonly host: string; readonly port: number };
  /** The federation's signers; an entry for `self` is checked against `secretKey` and not dialled. */
  readonly peers: readonly TransportPeer[];
  /** x25519, 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly epoch: Epoch;
  readonly log: TransportLog;
  readonly limits?: Partial<TransportLimits>;
  readonly clock?: TransportClock;
  /** Jitter of the reconnect pauses: 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** Counted since the start; `connected` and `queuedBytes` are as of now. */
export interface TransportStats {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly framesDropped: number;
  /** WebSocket messages sent; `framesOut` over this is the coalescing. */
  readonly messagesOut: number;
  /** Handshakes that we refused, inbound and outbound. */
  readonly handshakesRefused: number;
  /** Inbound connections closed before they authenticated: strangers, timeouts, evictions. */
  readonly strangersClosed: number;
  /** Authenticated connections made. */
  readonly connectionsMade: number;
  /** Authenticated connections dropped for what the peer sent. */
  readonly violations: number;
  readonly connected: number;
  readonly queuedBytes: number;
}

/** The counters behind `TransportStats`. */
export class TransportCounters {
  bytesIn = 0;
  bytesOut = 0;
  framesIn = 0;
  framesOut = 0;
  framesDropped = 0;
  messagesOut = 0;
  handshakesRefused = 0;
  strangersClosed = 0;
  connectionsMade = 0;
  violations = 0;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port` or `[v6]:port`. */
export function parseAddress(address: string): Result<HostPort> {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@?#%]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65535)
    return refuse('ADDRESS', `"${address}" is not host:port with a port from 1 to 65535`);
  return accept({ host: (match[1] ?? match[2])!, port });
}

/** A peer whose address and key have been checked. */
export interface CheckedPeer {
  readonly id: SignerId;
  readonly host: string;
  readonly port: number;
  readonly transportKey: Uint8Array;
}

/** The other signers, or what is wrong with the list. Keys must be distinct: they are identities. */
export function checkPeers(
  self: SignerId,
  keys: KeyPair,
  peers: readonly TransportPeer[],
): Result<CheckedPeer[]> {
  const ids = new Set<SignerId>();
  const owners = new Map<string, SignerId>([[toHex(keys.publicKey), self]]);
  const checked: CheckedPeer[] = [];
  for (const peer of peers) {
    if (ids.has(peer.id)) return refuse('PEERS', `signer ${peer.id} is listed twice`);
    ids.add(peer.id);
    if (peer.transportKey.length !== keyBytes)
      return refuse('PEERS', `transport key of signer ${peer.id} has ${peer.transportKey.length} bytes`);
    if (peer.id === self) {
      if (!equalBytes(peer.transportKey, keys.publicKey))
        return refuse('PEERS', `our secret key does not belong to the transport key of signer ${self}`);
      continue;
    }
    const key = toHex(peer.transportKey);
    const owner = owners.get(key);
    if (owner !== undefined)
      return refuse('PEERS', `signers ${owner} and ${peer.id} have the same transport key`);
    owners.set(key, peer.id);
    const address = parseAddress(peer.address);
    if (!address.ok) return refuse('PEERS', `signer ${peer.id}: ${address.error.message}`);
    checked.push({ id: peer.id, ...address.value, transportKey: Uint8Array.from(peer.transportKey) });
  }
  return accept(checked);
}

/** Own keys and checked peers. @throws with one line that names the wrong option. */
export function checkOptions(options: WsTransportOptions): {
  keys: KeyPair;
  peers: CheckedPeer[];
  limits: TransportLimits;
} {
  const keys = keyPairFrom(options.secretKey);
  const peers = checkPeers(options.self, keys, options.peers);
  if (!peers.ok) throw new Error(`transport options: ${peers.error.message}`);
  if (!/^[0-9a-f]{64}$/.test(options.epoch)) throw new Error('transport options: epoch is not 64 hex digits');
  const limits = { ...defaultTransportLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new Error(`transport options: limit ${name} is ${value}, expected an integer from 1`);
  if (limits.backoffMsMin > limits.backoffMsMax)
    throw new Error('transport options: limit backoffMsMin is above backoffMsMax');
  if (limits.frameBytesMax > frameBytesMax)
    throw new Error(`transport options: limit frameBytesMax is above ${frameBytesMax}`);
  return { keys, peers: peers.value, limits };
}
