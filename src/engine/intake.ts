/**
 * Batches coming in from anywhere (protocol section 2): verified once, and held only as far as their
 * ingress may have batches in flight, or when somebody needs them.
 *
 * A batch id covers everything but the ingress's signature, so the same batch may come with a bad
 * signature first: whoever brought the next copy is heard too.
 */

import type { BatchId, SignerId } from '../base/ids.ts';
import type { Batch } from '../messages/batch.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Acceptance } from './acceptance.ts';
import type { Accuser } from './accuser.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantBatch } from './fetcher.ts';
import type { Pool } from './pool.ts';

interface Copy {
  readonly batch: Batch;
  readonly from: SignerId;
  readonly then: () => void;
}

export interface IntakeHooks {
  /** Tells a signer how far our committed order is. */
  tellHeight(to: SignerId): void;
}

export class Intake {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #committed: CommittedOrder;
  readonly #acceptance: Acceptance;
  readonly #fetcher: Fetcher;
  readonly #accuser: Accuser;
  readonly #hooks: IntakeHooks;
  /** Copies of a batch whose signatures are being checked; the first one is under way. */
  readonly #checking = new Map<BatchId, Copy[]>();

  constructor(
    core: Core,
    pool: Pool,
    committed: CommittedOrder,
    acceptance: Acceptance,
    fetcher: Fetcher,
    accuser: Accuser,
    hooks: IntakeHooks,
  ) {
    this.#core = core;
    this.#pool = pool;
    this.#committed = committed;
    this.#acceptance = acceptance;
    this.#fetcher = fetcher;
    this.#accuser = accuser;
    this.#hooks = hooks;
  }

  /** Takes in a batch and goes on once it is here; drops it when nobody may or needs to have it. */
  hold(batch: Batch, from: SignerId, then: () => void): void {
    const want = wantBatch(batch.id);
    if (this.#pool.knows(batch)) {
      this.#fetcher.arrived(want);
      then();
      return;
    }
    const copies = this.#checking.get(batch.id);
    if (copies) {
      copies.push({ batch, from, then });
      return;
    }
    const wanted = this.#fetcher.wants(want) || this.#acceptance.isAdmitted(batch.id);
    if (!wanted && !this.#pool.room(batch)) {
      const { ingress, number } = batch.header;
      if (this.#committed.numberUsed(ingress, number)) this.#hooks.tellHeight(from);
      return;
    }
    this.#checking.set(batch.id, [{ batch, from, then }]);
    this.#check(batch.id);
  }

  #check(id: BatchId): void {
    const copies = this.#checking.get(id);
    const first = copies?.[0];
    if (!copies || !first) {
      this.#checking.delete(id);
      return;
    }
    this.#core.verify({ kind: 'batch', batch: first.batch }, (result) => {
      if (!result.ok) {
        this.#core.suspicion.suspect(first.from);
        this.#core.refused(first.from, result.error);
        copies.shift();
        this.#check(id);
        return;
      }
      this.#checking.delete(id);
      this.#keep(first.batch, first.from);
      this.#fetcher.arrived(wantBatch(id));
      for (const copy of copies) copy.then();
    });
  }

  #keep(batch: Batch, from: SignerId): void {
    const { ingress, number } = batch.header;
    if (this.#committed.numberUsed(ingress, number)) {
      if (!this.#pool.holds(batch.id)) this.#pool.bury(batch);
      return;
    }
    const twin = this.#pool.twins(batch.header)[0];
    const first = twin && this.#pool.get(twin);
    this.#pool.add(batch);
    if (first) this.#accuser.twins(first.batch, batch);
    this.#acceptance.consider(batch.id, from);
  }
}
