/**
 * What signers stream to learners (protocol section 11, src/messages/stream.ts), without the sockets: the
 * committed blocks after a height with their certificates, bodies and proof, then what is final by score
 * ahead of them, then both as they come. Only what a signer announced durable is streamed, so no crash
 * takes it back.
 */

import { height as asHeight, type BatchId, type Height, type SignerId } from '../../src/base/ids.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { BlockEvent, StreamEvent } from '../../src/messages/stream.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import type { SimNode } from '../node.ts';
import type { Observation, World } from '../world.ts';

/** The receiving end of a stream. Bytes are as they came from a liar, and still to be decoded. */
interface StreamSink {
  event(event: StreamEvent | Uint8Array): void;
  /** The connection broke. */
  ended(): void;
}

/** Somebody who can be followed: a signer, or whoever claims to be one. */
export interface StreamSource {
  readonly name: string;
  /** The height that it claims when asked; undefined when it does not answer. */
  height(): Height | undefined;
  /** Opens a stream after a height; returns what closes it, or undefined when it does not answer. */
  open(after: Height, sink: StreamSink): (() => void) | undefined;
}

interface Listener {
  readonly sink: StreamSink;
  /** Batches whose bodies this stream brought. */
  readonly brought: Set<BatchId>;
}

/** What one signer announced, and who listens. */
class Announced {
  readonly #node: SimNode;
  height = asHeight(0);
  /** Final by score, in no announced block. */
  readonly ahead = new Map<BatchId, Delivery>();
  readonly listeners = new Set<Listener>();

  constructor(node: SimNode) {
    this.#node = node;
  }

  get engine(): Engine | undefined {
    return this.#node.engine;
  }

  /** A block with the bodies that were not brought. @param whole the same block with all bodies. */
  blockEvent(at: Height, brought: Set<BatchId>, whole = this.wholeBlock(at)): BlockEvent | undefined {
    if (!whole) return undefined;
    const batches = whole.batches.filter(({ id }) => !brought.has(id));
    for (const { id } of batches) brought.add(id);
    return { ...whole, batches };
  }

  wholeBlock(at: Height): BlockEvent | undefined {
    const { engine } = this;
    const block = engine?.chain.at(at);
    const proof = engine?.chain.proofFor(at);
    if (!engine || !block || !proof) return undefined;
    const batches = block.entries.map(({ batch }) => engine.batch(batch)!);
    const certificates = block.entries.map((entry) => engine.certificate(entry.certificate)!);
    return { type: 'block', block, certificates, batches, ...proof };
  }

  announce({ event }: Observation): void {
    if (event.type === 'delivered' && event.delivery.finality === 'score') {
      const { batch, certificate } = event.delivery;
      this.ahead.set(batch.id, event.delivery);
      for (const { sink, brought } of [...this.listeners]) {
        brought.add(batch.id);
        sink.event({ type: 'batch', batch, certificate });
      }
    } else if (event.type === 'committed') {
      const { height, places } = event.committed;
      this.height = height;
      for (const { batch } of places) this.ahead.delete(batch);
      const whole = this.wholeBlock(height);
      for (const { sink, brought } of [...this.listeners]) {
        const block = this.blockEvent(height, brought, whole);
        if (block) sink.event(block);
      }
    }
  }

  /** A life ends or begins: everybody is disconnected, and what was not announced is streamed after. */
  life(height: Height): void {
    this.height = height;
    this.ahead.clear();
    const listeners = [...this.listeners];
    this.listeners.clear();
    for (const { sink } of listeners) sink.ended();
  }
}

/** The streams of all signers of a world. */
export class Streams {
  readonly #world: World;
  readonly #announced: readonly Announced[];

  constructor(world: World) {
    this.#world = world;
    this.#announced = world.nodes.map((node) => new Announced(node));
    world.watchers.push({
      observed: (observation) => this.#announced[observation.node]!.announce(observation),
      life: ({ node, height }) => this.#announced[node]!.life(height),
    });
  }

  source(id: SignerId): StreamSource {
    const announced = this.#announced[id]!;
    return {
      name: `s${id}`,
      height: () => (announced.engine ? announced.height : undefined),
      open: (after, sink) => this.#open(announced, after, sink),
    };
  }

  #open(announced: Announced, after: Height, sink: StreamSink): (() => void) | undefined {
    if (!announced.engine) return undefined;
    const { height, ahead } = announced;
    const listener: Listener = { sink, brought: new Set() };
    const events: StreamEvent[] = [{ type: 'hello', epoch: this.#world.federation.verifier.epoch, height }];
    for (let at = after + 1; at <= height; at++) {
      const block = announced.blockEvent(asHeight(at), listener.brought);
      if (!block) return undefined;
      events.push(block);
    }
    for (const { batch, certificate } of ahead.values()) {
      listener.brought.add(batch.id);
      events.push({ type: 'batch', batch, certificate });
    }
    let open = true;
    announced.listeners.add(listener);
    const close = (): void => {
      open = false;
      announced.listeners.delete(listener);
    };
    for (const event of events) if (open) sink.event(event);
    return close;
  }
}
