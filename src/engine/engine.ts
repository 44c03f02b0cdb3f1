/**
 * The engine: one deterministic step function over everything a signer knows (docs/engine.md). This
 * file joins the parts and routes what comes in; the rules are in the parts.
 *
 *   acceptance  what was accepted, in which order, and the votes that this fixes   (sections 2, 4)
 *   gather      batches down, votes up                                              (sections 3, 4)
 *   certificates, DeliveryOrder   what is certified, what is final                  (sections 4, 5)
 *   agreement, pacemaker, leader, chain   blocks                                    (section 6)
 *   recovery, fetcher, catchup    when something is missing                         (section 9)
 *   accuser     evidence                                                            (section 10)
 */

import type { BatchId, SignerId } from '../base/ids.ts';
import type { BatchKeys } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import type { Block } from '../messages/block.ts';
import type { PeerMessage } from '../messages/peer.ts';
import type { Certificate } from '../messages/vote.ts';
import { CommittedOrder } from '../ordering/committed.ts';
import { type Delivery, DeliveryOrder } from '../ordering/delivery.ts';
import { type DerivedBlock, type DeriveEntry, deriveBlock } from '../ordering/derive.ts';
import type { OrderPrefix, StoredPlace } from '../ordering/order.ts';
import { Acceptance } from './acceptance.ts';
import { Accuser } from './accuser.ts';
import { Agreement } from './agreement.ts';
import { CatchUp } from './catchup.ts';
import { Certificates } from './certificates.ts';
import { Chain } from './chain.ts';
import type { EngineConfig, Input, Output } from './contract.ts';
import { Core } from './core.ts';
import { Exchange } from './exchange.ts';
import { Fetcher } from './fetcher.ts';
import { Gather, type GatherHooks } from './gather.ts';
import { Ingress } from './ingress.ts';
import { Intake } from './intake.ts';
import { Leader } from './leader.ts';
import { Pacemaker } from './pacemaker.ts';
import { Pool } from './pool.ts';
import { Recovery } from './recovery.ts';
import { nothing } from './timers.ts';

/** What a host may show of the engine's state; read only. */
export interface EngineStatus {
  readonly height: number;
  readonly view: number;
  readonly leader: SignerId;
  readonly orderSize: number;
  readonly transactions: number;
  readonly accepted: number;
  readonly ahead: number;
  readonly waiting: number;
  readonly queued: number;
  readonly suspected: readonly SignerId[];
}

export class Engine {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly order: DeliveryOrder;
  readonly #fetcher: Fetcher;
  readonly #acceptance: Acceptance;
  readonly #accuser: Accuser;
  readonly #gather: Gather;
  readonly #certificates: Certificates;
  readonly #recovery: Recovery;
  readonly #ingress: Ingress;
  readonly chain: Chain;
  readonly #agreement: Agreement;
  readonly #pacemaker: Pacemaker;
  readonly #leader: Leader;
  readonly #catchUp: CatchUp;
  readonly #exchange: Exchange;
  readonly #intake: Intake;
  #pendingFrom: number | undefined;

  /** @throws when the federation's numbers are impossible or the ledger is damaged. */
  constructor(config: EngineConfig) {
    const core = new Core(config);
    this.#core = core;
    const committed = new CommittedOrder(core.ledger, core.epoch, core.n);
    this.#pool = new Pool(core, committed);
    this.order = new DeliveryOrder(committed, core.quorum, this.#pool.slotOf, false);
    this.#fetcher = new Fetcher(core);
    this.#acceptance = new Acceptance(core, this.#pool, committed, this.#fetcher);
    this.#accuser = new Accuser(core);
    this.#gather = new Gather(core, this.#pool, this.#acceptance, this.#fetcher, this.#gatherHooks());
    this.#certificates = new Certificates(core, this.#pool, this.order, this.#acceptance, this.#fetcher, {
      below: (batch, route) => this.#gather.below(batch, route),
      certified: (batch, final) => this.#certified(batch, final),
      delivered: (deliveries) => this.#delivered(deliveries),
      verifiedVotes: (votes) => this.#verifiedVotes(votes),
      overheard: (votes) => this.#accuser.overhearVotes(votes),
    });
    this.#recovery = new Recovery(core, this.#gather, this.#acceptance);
    this.#ingress = new Ingress(core, this.#acceptance, this.order, {
      launch: (batch, keys) => this.#launch(batch, keys),
      drives: (batch) => this.#drives(batch),
    });
    const derive = (prefix: OrderPrefix, entries: readonly DeriveEntry[]) => this.#derive(prefix, entries);
    this.chain = new Chain(core, this.#pool, this.order, this.#certificates, this.#fetcher, {
      derive,
      committed: (node, deliveries) => this.#committed(node, deliveries),
    });
    this.#accuser.blockOf = (digest) => this.chain.find(digest);
    this.#agreement = new Agreement(core, this.chain, this.#accuser, {
      advanced: (progress) => this.#pacemaker.advanced(progress),
      committedHeight: () => committed.height,
      behind: (peer, height) => this.#catchUp.behind(peer, height),
      levelMs: () => this.#gather.levelMs,
    });
    this.#pacemaker = new Pacemaker(core, this.#agreement, this.#accuser, {
      pendingSince: () => this.#pendingSince(),
      sendWanted: (to) => this.#exchange.sendWanted(to),
    });
    this.#leader = new Leader(
      core,
      this.#pool,
      this.order,
      this.#acceptance,
      this.chain,
      this.#agreement,
      derive,
    );
    this.#catchUp = new CatchUp(
      core,
      committed,
      this.chain,
      this.#agreement,
      this.#certificates,
      this.#fetcher,
    );
    this.#intake = new Intake(core, this.#pool, committed, this.#acceptance, this.#fetcher, this.#accuser, {
      tellHeight: (to) => this.#agreement.tell(to),
    });
    this.#exchange = new Exchange(
      core,
      this.#pool,
      committed,
      this.chain,
      this.#certificates,
      this.#fetcher,
      {
        hold: (batch, from) => this.#intake.hold(batch, from, () => undefined),
        request: () => this.#leader.request(),
      },
    );
    this.#acceptance.onAccepted = (accepted) => {
      this.#recovery.watch(accepted);
      this.#leader.accepted(accepted);
      this.#gather.accepted(accepted);
    };
  }

  #gatherHooks(): GatherHooks {
    return {
      made: (certificate, route) => this.#certificates.made(certificate, route),
      certificateOf: (batch) => this.#certificates.of(batch),
      hold: (batch, from, then) => this.#intake.hold(batch, from, then),
      tellHeight: (to) => this.#agreement.tell(to),
      verifiedVotes: (votes) => this.#verifiedVotes(votes),
    };
  }

  #verifiedVotes(votes: Certificate): void {
    this.#acceptance.listedBy(votes.classes);
    this.#accuser.votes(votes);
  }

  #derive(prefix: OrderPrefix, entries: readonly DeriveEntry[]): DerivedBlock {
    return deriveBlock(prefix, entries, this.#core.quorum, {
      fresh: (batch) => this.order.committed.inFlight.fresh(batch),
      conflicts: (among) => this.#acceptance.conflictsAmong(among.map((entry) => entry.batch.id)),
    });
  }

  /**
   * Reacts to one input.
   * @param now the host's clock in ms; never falls.
   */
  step(input: Input, now: number): Output {
    this.#core.now = now;
    this.#core.step += 1;
    this.#react(input);
    this.#core.timers.run(now);
    this.#leader.consider();
    this.#pacemaker.evaluate();
    return this.#core.drain();
  }

  status(): EngineStatus {
    const { committed } = this.order;
    return {
      height: committed.height,
      view: this.#agreement.view,
      leader: this.#agreement.leader,
      orderSize: committed.frontier.size,
      transactions: committed.transactions,
      accepted: this.#acceptance.accepted.size,
      ahead: this.order.ahead.size,
      waiting: this.order.waiting.size,
      queued: this.#ingress.queued,
      suspected: this.#core.suspicion.suspected(),
    };
  }

  /** A batch by id, committed or not. */
  batch(id: BatchId): Batch | undefined {
    return this.#pool.find(id);
  }

  /** A verified certificate by its digest. */
  certificate(id: Parameters<Certificates['find']>[0]): Certificate | undefined {
    return this.#certificates.find(id);
  }

  #react(input: Input): void {
    switch (input.type) {
      case 'start':
        this.#start();
        return;
      case 'message':
        this.#message(input.from, input.message);
        return;
      case 'submit':
        this.#ingress.submit(input.transactions);
        return;
      case 'verified':
        this.#core.verified(input.id, input.result);
        return;
      case 'link':
        this.#linked(input.peer, input.up);
        return;
      case 'tick':
        return;
    }
  }

  /** A signer that cannot be reached is not waited for; one that comes back learns where we are. */
  #linked(peer: SignerId, up: boolean): void {
    if (!up) {
      this.#core.suspicion.suspect(peer);
      this.#pacemaker.linked(peer, false);
      return;
    }
    this.#core.suspicion.heard(peer);
    const status = this.#agreement.status();
    // Who stands at the beginning has nothing to tell; in a large federation these greetings are most messages.
    if (status.high.view > 0 || status.committed > 0 || status.tc) this.#core.send(peer, status, true);
    this.#pacemaker.linked(peer, true);
  }

  #start(): void {
    this.#accuser.restore();
    this.#acceptance.restore();
    this.#certificates.restore();
    this.chain.restore();
    this.#agreement.restore();
    this.#pacemaker.restore();
    this.#ingress.restore();
    this.#leader.restore();
  }

  #message(from: SignerId, message: PeerMessage): void {
    switch (message.type) {
      case 'announce':
        this.#gather.announce(from, message);
        return;
      case 'votes':
        this.#gather.votes(from, message);
        return;
      case 'certificate':
        this.#certificates.receive(from, message.certificate, message);
        return;
      case 'voteRequest':
        this.#gather.request(from, message);
        return;
      case 'fetch':
        this.#exchange.serve(from, message);
        return;
      case 'copy':
        this.#exchange.copy(from, message);
        return;
      case 'proposal':
        this.#agreement.proposal(from, message);
        return;
      case 'blockVotes':
        this.#agreement.blockVotes(from, message);
        return;
      case 'view':
        this.#agreement.viewMessage(from, message);
        return;
      case 'timeout':
        this.#pacemaker.receive(from, message);
        return;
      case 'wanted':
        this.#exchange.wanted(from, message);
        return;
      case 'catchUp':
        this.#catchUp.serve(from, message.from);
        return;
      case 'blocks':
        this.#catchUp.receive(from, message);
        return;
    }
  }

  /** An own batch: held and accepted at once, then announced. */
  #launch(batch: Batch, keys: BatchKeys): void {
    this.#pool.add(batch, keys);
    this.#acceptance.consider(batch.id);
    this.#gather.lead(batch, 0);
  }

  #certified(batch: Batch, final: boolean): void {
    this.#gather.close(batch.id);
    this.#recovery.done(batch.id);
    if (!final) this.#ingress.contested(batch);
    this.#ingress.certified(batch);
  }

  #delivered(deliveries: readonly Delivery[]): void {
    this.#emitDelivered(deliveries);
    for (const { batch, finality } of deliveries) this.#ingress.delivered(batch.id, finality);
  }

  #emitDelivered(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#core.emit({ type: 'delivered', delivery });
  }

  #committed(
    node: { block: Block; places: readonly StoredPlace[]; entries: readonly DeriveEntry[] },
    deliveries: readonly Delivery[],
  ): void {
    const { block, places, entries } = node;
    // What the block delivers, the block, and what it makes final by score; then whatever that sets going.
    this.#emitDelivered(deliveries.filter((one) => one.finality === 'order'));
    const certificates = entries.map((entry) => entry.certificate);
    this.#core.emit({ type: 'committed', committed: { height: block.height, block, places, certificates } });
    this.#emitDelivered(deliveries.filter((one) => one.finality === 'score'));
    const settled = this.#acceptance.committedSlots(places);
    this.#certificates.settled(settled, new Set(places.map((place) => place.certificate)));
    for (const batch of settled) {
      this.#gather.close(batch);
      this.#recovery.done(batch);
      this.#accuser.settled(batch);
    }
    for (const { batch, finality } of deliveries) this.#ingress.delivered(batch.id, finality);
    this.#ingress.committed(places.map((place) => place.batch));
    this.#leader.committed();
    this.#catchUp.committed();
  }

  /** Since when something is pending (section 6, "Pending"), undefined when nothing is. */
  #pendingSince(): number | undefined {
    const { now, limits, timers } = this.#core;
    let since: number | undefined;
    for (const { held, acceptedAt } of this.#acceptance.accepted.values()) {
      if (!this.#drives(held.batch)) continue;
      since = acceptedAt + limits.checkpointAfterMs;
      break;
    }
    if (since !== undefined && since > now) {
      timers.set('pending', since, nothing);
      since = undefined;
    }
    if (since === undefined && (this.order.waiting.size > 0 || this.chain.unfinished)) since = now;
    if (since === undefined) this.#pendingFrom = undefined;
    else this.#pendingFrom = Math.min(this.#pendingFrom ?? since, since);
    return this.#pendingFrom;
  }

  /** Batches of an ingress known to equivocate count only when admitted (section 2). */
  #drives(batch: Batch): boolean {
    return !this.#accuser.equivocators.has(batch.header.ingress) || this.#acceptance.isAdmitted(batch.id);
  }
}
