/**
 * Roots that choose (protocol sections 3, 4 and 5). A root sees single votes, for it may ask every signer
 * for its own; so it decides which of them a certificate holds, what its friends' votes in it say, and who
 * is shown it. Anybody may become the root of a later attempt, so this works on other signers' batches.
 *
 * What answers it: a certificate is a sample, and every sample of `q` votes must lead to the same order
 * before a score counts as final (threshold `n - c`); in a block all sampled facts are weighed together, and
 * closure brings in whatever a majority of a sample lists.
 */

import { attempt as asAttempt, type BatchId, type SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import type { PeerMessage, Route } from '../../src/messages/peer.ts';
import { type Certificate, signersOf, type VoteContent } from '../../src/messages/vote.ts';
import type { Liar, Strategy } from './liar.ts';

/**
 * What a root wants of the votes that it picks: `first`: those that list the fewest others, so that its
 * batch comes first. `last`: those that list the most, so that no score is reached. `split`: a certificate of
 * each kind, one for each half. `without`: any but the victim's.
 */
export type PickAim = 'first' | 'last' | 'split' | 'without';

export interface CherryPicking {
  readonly aim: PickAim;
  /** Chance that it starts an attempt of its own on another signer's batch. */
  readonly takeOver: number;
  /** To whom its certificates go. */
  readonly shown: 'all' | 'half' | 'audience';
}

/** Time in ms that it waits for single votes before it makes do with what came. */
const patienceMs = 60;
/** Attempt of its own on another's batch: far from those that honest signers start. */
const ownAttempt = 9;
const openMax = 64;

interface Picking {
  readonly route: Route;
  readonly until: number;
  done: boolean;
}

export function cherryPick(liar: Liar, { aim, takeOver, shown }: CherryPicking): Strategy {
  const { cabal, world } = liar;
  const open = new Map<BatchId, Picking>();
  const seen = new Set<BatchId>();

  const begin = (batch: BatchId, number: number): void => {
    const route = { root: liar.id, attempt: asAttempt(number) };
    open.set(batch, { route, until: world.now + patienceMs, done: false });
    if (open.size > openMax) open.delete(open.keys().next().value!);
    for (const to of cabal.honest) liar.send(to, { type: 'voteRequest', ...route, batch });
  };
  const finish = (batch: BatchId, picking: Picking): void => {
    const singles = [...cabal.singles(batch).values()];
    const late = world.now >= picking.until;
    if (!late && singles.length < cabal.honest.length) return;
    if (cabal.members.length + singles.length < cabal.quorum) return;
    picking.done = true;
    for (const half of [0, 1] as const) {
      const wanted = aim === 'split' ? (half === 0 ? 'first' : 'last') : aim;
      const certificate = cabal.keep(pick(liar, batch, singles, wanted));
      const told = cabal.honest.filter(
        (id) => cabal.half(id) === half && (shown !== 'half' || half === 0 || aim === 'split'),
      );
      for (const to of told)
        if (shown !== 'audience' || to === cabal.audience)
          liar.send(to, { type: 'certificate', ...picking.route, certificate });
    }
  };
  const look = (): void => {
    for (const [batch, picking] of open) if (!picking.done) finish(batch, picking);
  };
  const notice = (message: PeerMessage): void => {
    if (message.type !== 'announce' || seen.has(message.batch.id)) return;
    seen.add(message.batch.id);
    if (message.root === liar.id) begin(message.batch.id, message.attempt);
    else if (liar.random.chance(takeOver)) begin(message.batch.id, ownAttempt);
  };
  return {
    outgoing(send): readonly Send[] {
      notice(send.message);
      const picking = send.message.type === 'certificate' && open.get(send.message.certificate.batch);
      // What its engine made would undo the choice. What somebody else made is out anyhow.
      const own = send.message.type === 'certificate' && send.message.root === liar.id;
      return picking && own ? [] : [send];
    },
    incoming(_, message) {
      notice(message);
      if (message.type === 'votes' && open.has(message.votes.batch)) look();
      return true;
    },
    tick: look,
  };
}

/** A quorum of the votes at hand, chosen; the members of the cabal say what helps. */
function pick(
  liar: Liar,
  batch: BatchId,
  singles: readonly Certificate[],
  aim: 'first' | 'last' | 'without',
): Certificate {
  const { cabal } = liar;
  const listed = (vote: Certificate): number => vote.classes[0]!.before.length;
  const sign = aim === 'last' ? -1 : 1;
  const isVictim = (vote: Certificate): boolean => signersOf(vote.classes)[0] === cabal.victim;
  const ranked = [...singles].sort(
    (a, b) =>
      (aim === 'without' ? Number(isVictim(a)) - Number(isVictim(b)) : 0) || sign * (listed(a) - listed(b)),
  );
  const wanted = Math.max(1, cabal.quorum - cabal.members.length);
  const truth = ranked[0]?.classes[0];
  const content: VoteContent = {
    base: truth?.base ?? (0 as VoteContent['base']),
    before: aim === 'last' ? cabal.rivalsOf(batch) : [],
    rejects: [],
  };
  const own = cabal.members.map((member) => cabal.vote(member, batch, content));
  return cabal.join([...ranked.slice(0, wanted), ...own]);
}

export interface ShownToOne {
  /** Whom the root shows its certificate before it falls silent. */
  readonly to: 'audience' | 'half';
  readonly silentMs: number;
}

/**
 * A root shows the certificate of its batch to one signer, or to one half, and falls silent: whoever was
 * shown it may deliver at once, and nobody else knows why. What answers it: finality is what others would
 * find too, and every signer that accepted the batch becomes its root after a while (section 9).
 */
export function shownToOne(liar: Liar, { to: whom, silentMs }: ShownToOne): Strategy {
  const { cabal, world } = liar;
  let silentUntil = 0;
  const hears = (to: SignerId): boolean =>
    whom === 'audience' ? to === cabal.audience : cabal.half(to) === 0;
  return {
    step(sends) {
      if (world.now < silentUntil) return [];
      const shown = sends.find(({ message }) => message.type === 'certificate' && message.root === liar.id);
      if (!shown) return sends;
      silentUntil = world.now + silentMs;
      // The tree may not lead to them: the certificate goes straight.
      for (const to of cabal.honest) if (hears(to)) liar.send(to, shown.message);
      return sends.filter(({ message }) => message.type !== 'certificate');
    },
  };
}
