/**
 * The transport without a network: endpoints of one process that share a hub. Same contract as over
 * sockets: frames arrive in a later turn, in order while a connection lasts, as bytes of their own;
 * waiting frames are bounded, and what is under way when an endpoint closes is lost.
 *
 * Hooks may drop or delay single frames. Delay keeps the order: a frame never overtakes an earlier one
 * on its way between the same two endpoints.
 */

import { performance } from 'node:perf_hooks';
import { invariant } from '../base/assert.ts';
import type { SignerId } from '../base/ids.ts';
import { defaultTransportLimits } from './options.ts';
import type { Transport, TransportHandlers } from './port.ts';
import { FrameQueue } from './queue.ts';

export interface MemoryHubOptions {
  /** True loses the frame. */
  readonly drop?: (from: SignerId, to: SignerId, frame: Uint8Array) => boolean;
  /** Milliseconds before the frame arrives. */
  readonly delayMs?: (from: SignerId, to: SignerId, frame: Uint8Array) => number;
  readonly frameBytesMax?: number;
  readonly queueBytesMax?: number;
}

/** The network between memory transports. */
export class MemoryHub {
  readonly options: MemoryHubOptions;
  readonly #running = new Map<SignerId, MemoryTransport>();

  constructor(options: MemoryHubOptions = {}) {
    this.options = options;
  }

  /** A new endpoint; a running one of the same id must be closed before it starts. */
  endpoint(self: SignerId): MemoryTransport {
    return new MemoryTransport(this, self);
  }

  running(id: SignerId): MemoryTransport | undefined {
    return this.#running.get(id);
  }

  enter(endpoint: MemoryTransport): void {
    invariant(!this.#running.has(endpoint.self), `endpoint ${endpoint.self} is running already`);
    const others = [...this.#running.values()];
    this.#running.set(endpoint.self, endpoint);
    for (const other of others) {
      other.linkUp(endpoint.self);
      endpoint.linkUp(other.self);
    }
  }

  leave(endpoint: MemoryTransport): void {
    if (this.#running.get(endpoint.self) !== endpoint) return;
    this.#running.delete(endpoint.self);
    for (const other of this.#running.values()) other.linkDown(endpoint.self);
  }
}

/** Frames from one endpoint to one other. */
interface Outbound {
  readonly queue: FrameQueue;
  /** When each waiting frame may arrive; the queue keeps it behind those before it. */
  readonly due: WeakMap<Uint8Array, number>;
  timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
}

export class MemoryTransport implements Transport {
  readonly self: SignerId;
  readonly #hub: MemoryHub;
  readonly #up = new Set<SignerId>();
  readonly #outbound = new Map<SignerId, Outbound>();
  #handlers: TransportHandlers | undefined;
  #closed = false;

  constructor(hub: MemoryHub, self: SignerId) {
    this.#hub = hub;
    this.self = self;
  }

  async start(handlers: TransportHandlers): Promise<void> {
    invariant(!this.#handlers && !this.#closed, 'transport started twice');
    this.#handlers = handlers;
    this.#hub.enter(this);
  }

  send(to: SignerId, frame: Uint8Array): boolean {
    const { frameBytesMax, queueBytesMax } = { ...defaultTransportLimits, ...this.#hub.options };
    if (this.#closed || to === this.self || frame.length > frameBytesMax) return false;
    let outbound = this.#outbound.get(to);
    if (!outbound) {
      outbound = { queue: new FrameQueue(queueBytesMax), due: new WeakMap(), timer: undefined };
      this.#outbound.set(to, outbound);
    }
    const copy = Uint8Array.from(frame);
    const delayMs = this.#hub.options.delayMs?.(this.self, to, copy) ?? 0;
    outbound.due.set(copy, performance.now() + delayMs);
    const queued = outbound.queue.push(copy);
    this.#pump(to, outbound);
    return queued;
  }

  connected(peer: SignerId): boolean {
    return !this.#closed && this.#up.has(peer);
  }

  /** Frames that did not fit a queue. */
  get framesDropped(): number {
    let dropped = 0;
    for (const { queue } of this.#outbound.values()) dropped += queue.dropped;
    return dropped;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const outbound of this.#outbound.values()) this.#cancel(outbound);
    this.#hub.leave(this);
  }

  /** Called by the hub. Handlers run in a later turn, as they would with sockets. */
  linkUp(peer: SignerId): void {
    setImmediate(() => {
      // Either end may have closed meanwhile.
      if (this.#closed || this.#up.has(peer) || !this.#hub.running(peer)) return;
      this.#up.add(peer);
      this.#handlers!.onUp(peer);
      const outbound = this.#outbound.get(peer);
      if (outbound) this.#pump(peer, outbound);
    });
  }

  /** Called by the hub when the peer has closed. */
  linkDown(peer: SignerId): void {
    if (!this.#up.delete(peer)) return;
    const outbound = this.#outbound.get(peer);
    if (outbound) this.#cancel(outbound);
    this.#handlers!.onDown(peer);
  }

  /** Takes a frame from the hub; lost unless this end is up too. */
  receive(from: SignerId, frame: Uint8Array): void {
    if (!this.#closed && this.#up.has(from)) this.#handlers!.onFrame(from, frame);
  }

  /** Delivers what is due, one turn later or when the first waiting frame is due. */
  #pump(to: SignerId, outbound: Outbound): void {
    const first = outbound.queue.peek();
    if (first === undefined || outbound.timer !== undefined || !this.#up.has(to)) return;
    const wait = (outbound.due.get(first) ?? 0) - performance.now();
    const deliver = () => {
      outbound.timer = undefined;
      const now = performance.now();
      // Frames that handlers send meanwhile wait for the next turn.
      for (let left = outbound.queue.length; left > 0 && this.#up.has(to); left--) {
        const frame = outbound.queue.peek();
        if (frame === undefined || (outbound.due.get(frame) ?? 0) > now) break;
        outbound.queue.shift();
        if (!this.#hub.options.drop?.(this.self, to, frame)) this.#hub.running(to)?.receive(this.self, frame);
      }
      this.#pump(to, outbound);
    };
    outbound.timer = wait > 0 ? setTimeout(deliver, wait) : setImmediate(deliver);
  }

  /** Stops what is under way; it is lost. */
  #cancel(outbound: Outbound): void {
    clearTimeout(outbound.timer as NodeJS.Timeout);
    clearImmediate(outbound.timer as NodeJS.Immediate);
    outbound.timer = undefined;
  }
}
