/**
 * View storms (protocol section 6): terms given up before anything went wrong, leaders that say nothing,
 * little or late, and leaders that do not wait for their turn.
 *
 * What answers them: `t + 1` timeouts make others join and `q` end a term, so liars alone end none; timers
 * grow until there is progress; leaders are drawn, so honest terms come; and a view is entered only on a
 * QC or TC, so whoever proposes out of turn is not heard.
 */

import { view as asView, height, type View } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import { blockDigest, genesisCertificate, type QuorumCertificate } from '../../src/messages/block.ts';
import { termEnd } from '../../src/phases/terms.ts';
import type { Liar, Strategy } from './liar.ts';

export interface Storm {
  /** Terms beyond the current one that are given up too. */
  readonly ahead: number;
  /** Time in ms between two terms given up: with `t + 1` liars nothing else would slow the storm. */
  readonly pauseMs: number;
  /** It signs nothing that its timeouts forbid, so nothing convicts it. */
  readonly blameless: boolean;
}

/** Signs a timeout for each term as soon as it is entered, with its true highest QC, and sends it to all. */
export function stormTimeouts(liar: Liar, { ahead, pauseMs, blameless }: Storm): Strategy {
  const genesis = genesisCertificate(liar.world.federation.verifier.epoch);
  let high: QuorumCertificate = genesis;
  let lastSigned: View = asView(0);
  let givenUp: View = asView(0);
  const know = (qc: QuorumCertificate): void => {
    if (qc.view > high.view && liar.world.federation.verifier.qc(qc).ok) high = qc;
  };
  const signs = (view: View): void => {
    lastSigned = asView(Math.max(lastSigned, view));
  };
  let next = 0;
  const giveUp = (): void => {
    const { engine } = liar.node;
    if (!engine || liar.world.now < next) return;
    const { leaderTerm } = liar.world.federation.federation.limits;
    const current = termEnd(asView(engine.status().view), leaderTerm);
    for (let i = 0; i <= ahead; i++) {
      const end = asView(current + i * leaderTerm);
      if (end <= givenUp) continue;
      givenUp = end;
      next = liar.world.now + pauseMs;
      const timeout = liar.timeout({ end, lastSigned, highView: high.view, highBlock: high.block });
      for (const to of liar.others) liar.send(to, { type: 'timeout', timeout, high, entry: undefined });
    }
  };
  return {
    incoming(_, message) {
      if (message.type !== 'proposal') return true;
      // Its engine signs what it hears of, and a blameless one must not after giving up.
      if (blameless && message.proposal.block.view <= givenUp) return false;
      know(message.proposal.block.justify);
      return true;
    },
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (message.type === 'timeout') return [];
      if (message.type === 'view') know(message.high);
      if (message.type === 'proposal') {
        const { block } = message.proposal;
        if (blameless && block.view <= givenUp) return [];
        know(block.justify);
        // A leader's own signature never travels up: it is in the QC.
        if (liar.node.engine?.status().leader === liar.id) signs(block.view);
      }
      if (message.type !== 'blockVotes') return [send];
      if (blameless && message.view <= givenUp) return [];
      if (message.signers.includes(liar.id)) signs(message.view);
      return [send];
    },
    step(sends) {
      giveUp();
      return sends;
    },
    tick: giveUp,
  };
}

export interface LazyLeader {
  /**
   * `silent`: proposes nothing. `late`: everything as late as the timer allows. `empty`: blocks without
   * entries. `half`: proposes to one half only.
   */
  readonly how: 'silent' | 'late' | 'empty' | 'half';
}

/** A leader that costs its whole term. */
export function lazyLeader(liar: Liar, { how }: LazyLeader): Strategy {
  const { world, cabal } = liar;
  const { viewTimeoutMs } = world.federation.federation.limits;
  const leads = (): boolean => liar.node.engine?.status().leader === liar.id;
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'proposal' && message.type !== 'view') return [send];
      if (!leads()) return [send];
      switch (how) {
        case 'silent':
          return [];
        case 'half':
          return cabal.half(to) === 0 ? [send] : [];
        case 'late':
          world.schedule.after(0.8 * viewTimeoutMs, () => liar.send(to, message));
          return [];
        case 'empty':
          return message.type === 'proposal' && message.proposal.block.entries.length > 0 ? [] : [send];
      }
    },
  };
}

export interface Duel {
  /** Chance that it answers a proposal with one of its own. */
  readonly chance: number;
}

/**
 * Does not wait for its turn: answers each proposal with a block of its own for the same view and the ones
 * after, and shows everybody QCs and views that it does not have a right to.
 */
export function duel(liar: Liar, { chance }: Duel): Strategy {
  const answered = new Set<View>();
  return {
    incoming(from, message) {
      // Two that answer each other would never end.
      if (message.type !== 'proposal' || liar.cabal.members.includes(from)) return true;
      const { block } = message.proposal;
      if (answered.has(block.view) || !liar.random.chance(chance)) return true;
      answered.add(block.view);
      for (const ahead of [0, 1, liar.random.integer(2, 40)]) {
        const view = asView(block.view + ahead);
        const other = { ...block, view, entries: block.entries.slice(1) };
        liar.forgedBlocks.set(blockDigest(other, liar.n), other);
        const proposal = liar.propose(other, message.tc);
        const high: QuorumCertificate = { ...block.justify, view };
        for (const to of liar.others) {
          liar.send(to, proposal);
          liar.send(to, { type: 'view', high, tc: message.tc, committed: height(block.height + ahead) });
        }
      }
      return true;
    },
  };
}
