/**
 * Signers out of the past (protocol sections 4, 6 and 9): one that was restored from an old disk and runs
 * on, votes made again on what is settled, and messages of other epochs, views and attempts.
 *
 * What answers them: a signer that lost what it signed must take new keys, and one that does not is a liar
 * like any other, counted in `f`; every signed object carries its epoch; votes are facts that stay true in
 * every attempt; QCs and TCs name their view.
 */

import {
  height as asHeight,
  view as asView,
  attempt,
  batchNumber,
  type SignerId,
} from '../../src/base/ids.ts';
import { makeBatch } from '../../src/messages/batch.ts';
import { blockSigningBytes, genesisDigest, type QuorumCertificate } from '../../src/messages/block.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import { timeoutSigningBytes } from '../../src/messages/timeout.ts';
import { type Certificate, voteOfClass, voteSigningBytes } from '../../src/messages/vote.ts';
import type { Liar, Strategy } from './liar.ts';

export interface OldDisk {
  /** When the copy of the disk is taken, in ms. */
  readonly copyAtMs: number;
  /** When the signer is first restored from it, and how long it runs before it is restored again. */
  readonly restoreAtMs: number;
  readonly againMs: number;
}

/**
 * An honest engine that is restored from an old copy of its disk and keeps its keys: it forgets what it
 * voted and signed since, and says it again, differently. The protocol forbids it; it counts as a liar.
 */
export function oldDisk(liar: Liar, { copyAtMs, restoreAtMs, againMs }: OldDisk): Strategy {
  const { world, node, id } = liar;
  let copy = node.store.crash('all');
  const restore = (): void => {
    if (node.up) world.crash(id, 'all');
    node.store = copy.crash('all');
    world.caption(`s${id} is restored from an old disk`, [id]);
    world.restart(id);
    world.schedule.after(againMs, restore);
  };
  world.schedule.after(copyAtMs, () => {
    copy = node.store.crash('all');
  });
  world.schedule.after(restoreAtMs, restore);
  return {};
}

/** Votes again, otherwise, on batches that were settled long ago, and shows old certificates as new. */
export function staleVotes(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  const { cabal, random } = liar;
  const old: { readonly root: SignerId; readonly votes: Certificate }[] = [];
  return {
    incoming(_, message) {
      if (message.type === 'certificate' && old.length < 200)
        old.push({ root: message.root, votes: message.certificate });
      return true;
    },
    tick() {
      if (old.length === 0 || !random.chance(chance)) return;
      const { root, votes } = random.pick(old);
      const own = liar.ownIn(votes);
      const base = asHeight(random.integer(0, (liar.node.engine?.status().height ?? 0) + 1));
      const content = { base, before: random.chance(0.5) ? liar.rivalsOf(votes.batch) : [], rejects: [] };
      const vote = liar.vote(votes.batch, content);
      const number = attempt(random.integer(0, 4));
      liar.send(root, { type: 'votes', root, attempt: number, votes: vote });
      const certificate = cabal.keep(own ? liar.withOwn(votes, content) : votes);
      for (const to of liar.others)
        if (random.chance(0.5))
          liar.send(to, { type: 'certificate', root: liar.id, attempt: number, certificate });
    },
  };
}

/** What is old about a replayed message. */
export type Oldness = 'epoch' | 'view' | 'attempt';

export interface OldMessages {
  readonly of: readonly Oldness[];
  readonly chance: number;
}

/**
 * Messages that were right once, or elsewhere: votes and announcements under other attempts and roots,
 * signatures and QCs under other views, and a whole earlier epoch in which the same signers with the same
 * keys ordered other things. (The lab holds all keys, so it can record an epoch that never ran.)
 */
export function oldMessages(liar: Liar, { of, chance }: OldMessages): Strategy {
  const seen: PeerMessage[] = [];
  return {
    incoming(_, message) {
      if (message.type === 'view' || 'attempt' in message || message.type === 'blockVotes')
        if (seen.length < 200) seen.push(message);
        else seen[liar.random.integer(0, 200)] = message;
      return true;
    },
    tick() {
      if (!liar.random.chance(chance)) return;
      const kind = liar.random.pick(of);
      const told = kind === 'epoch' ? liar.random.pick(earlierEpoch(liar)) : elsewhere(liar, seen, kind);
      if (!told) return;
      for (const to of liar.others) if (liar.random.chance(0.7)) liar.send(to, told);
    },
  };
}

/** A message that was seen, under another view, attempt or root. */
function elsewhere(liar: Liar, seen: readonly PeerMessage[], kind: Oldness): PeerMessage | undefined {
  const { random } = liar;
  const fits = seen.filter((one) => 'attempt' in one === (kind === 'attempt'));
  if (fits.length === 0) return undefined;
  const message = random.pick(fits);
  const shift = random.pick([-1, 1, 1, 2, 64]);
  if ('attempt' in message)
    return {
      ...message,
      root: random.pick([message.root, liar.id]),
      attempt: attempt(Math.max(0, message.attempt + shift)),
    };
  if (message.type === 'blockVotes') return { ...message, view: asView(Math.max(1, message.view + shift)) };
  if (message.type !== 'view') return undefined;
  return { ...message, high: { ...message.high, view: asView(Math.max(1, message.high.view + shift)) } };
}

/** Views and heights of the earlier epoch: far above anything here. */
const earlierView = asView(6400);

/** What honest signers would have signed in an earlier epoch with these keys. */
function earlierEpoch(liar: Liar): readonly PeerMessage[] {
  const { signers, verifier } = liar.world.federation;
  const epoch = genesisDigest(verifier.epoch) as unknown as typeof verifier.epoch;
  const { scheme } = verifier;
  const everybody = signers.map(({ id }) => id);
  const block = genesisDigest(epoch);
  const sum = (bytes: Uint8Array): Uint8Array =>
    scheme.aggregate(signers.map(({ votingKey }) => votingKey.sign(bytes)));
  const high: QuorumCertificate = {
    view: earlierView,
    block,
    signers: everybody,
    signature: sum(blockSigningBytes(epoch, earlierView, block)),
  };
  const statement = { end: earlierView, lastSigned: earlierView, highView: earlierView, highBlock: block };
  const bytes = timeoutSigningBytes(epoch, statement);
  const timeouts = signers.map(({ id, signingKey }) => ({
    ...statement,
    signer: id,
    signature: signingKey.sign(bytes),
  }));
  const { transaction } = liar.world.transaction(['k0'], 'of an earlier epoch');
  const ingress = liar.random.pick(everybody);
  const batch = makeBatch(
    { epoch, ingress, number: batchNumber(1), after: [] },
    [{ ...transaction, epoch }],
    (message) => signers[ingress]!.signingKey.sign(message),
  );
  const content = { base: asHeight(0), before: [], rejects: [] };
  // A vote of the earlier epoch on a batch of this one: the ids of batches are not the only guard.
  const recent = [...liar.batches.values()].pop() ?? batch;
  const certificateOf = (id: typeof batch.id): Certificate => ({
    batch: id,
    classes: [{ ...content, signers: everybody }],
    signature: sum(voteSigningBytes(voteOfClass(epoch, id, content))),
  });
  const route = { root: ingress, attempt: attempt(0) };
  return [
    { type: 'view', high, tc: { end: earlierView, votes: timeouts, high }, committed: asHeight(1) },
    { type: 'timeout', timeout: timeouts[liar.id]!, high, entry: undefined },
    { type: 'announce', ...route, batch },
    { type: 'certificate', ...route, certificate: certificateOf(batch.id) },
    { type: 'certificate', ...route, certificate: certificateOf(recent.id) },
    { type: 'wanted', certificates: [certificateOf(recent.id)] },
  ];
}
