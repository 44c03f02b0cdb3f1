/**
 * Another root takes over (protocol section 9): a signer that accepted T and sees no certificate after a
 * while starts the next attempt as its root. The wait is staggered by the signer's place in T's tree,
 * so that usually one does; it doubles from attempt to attempt.
 */

import { attempt as asAttempt, type BatchId } from '../base/ids.ts';
import type { Acceptance, Accepted } from './acceptance.ts';
import type { Core } from './core.ts';
import type { Gather } from './gather.ts';

export class Recovery {
  readonly #core: Core;
  readonly #gather: Gather;
  readonly #acceptance: Acceptance;
  readonly #attempts = new Map<BatchId, number>();

  constructor(core: Core, gather: Gather, acceptance: Acceptance) {
    this.#core = core;
    this.#gather = gather;
    this.#acceptance = acceptance;
  }

  /** An accepted batch without a certificate: watch it. Its ingress asks for votes by itself. */
  watch({ held }: Accepted): void {
    const { id, header } = held.batch;
    if (held.certificates.size > 0 || header.ingress === this.#core.self) return;
    const tree = this.#core.trees.ofBatch(id, asAttempt(0), header.ingress);
    const place = tree.order.indexOf(this.#core.self);
    this.#arm(id, this.#gather.levelMs * (2 * (tree.height + 2) + place));
  }

  /** The batch is certified or settled. */
  done(id: BatchId): void {
    this.#attempts.delete(id);
    this.#core.timers.cancel(`recover/${id}`);
  }

  #arm(id: BatchId, pause: number): void {
    this.#core.timers.set(`recover/${id}`, this.#core.now + pause, () => {
      const accepted = this.#acceptance.accepted.get(id);
      if (!accepted || accepted.held.certificates.size > 0) return;
      const attempt = (this.#attempts.get(id) ?? 0) + 1;
      this.#attempts.set(id, attempt);
      this.#gather.lead(accepted.held.batch, attempt);
      this.#arm(id, pause * (attempt < 5 ? 2 : 1));
    });
  }
}
