/**
 * Two samples that contradict each other (protocol section 5, "It is tight"). Colluding roots make two
 * batches T and U that conflict, and hand them out so that as few honest signers as needed see U first.
 * Then they pick: the certificate of U holds those that saw U first, and is shown to one honest signer; the
 * certificate of T leaves as many of them out as a quorum allows, and is shown to everybody else. Each liar
 * says one thing about each batch, so nothing convicts it.
 *
 * What answers it: when U is final by `n - c` votes, every quorum of votes on T holds a majority that lists
 * U, so the block that orders T must order U as well. One more vote of slack, or one more liar, and not.
 */

import { attempt, type BatchId, batchNumber, type SignerId } from '../../src/base/ids.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { leaderOf } from '../../src/tree/shuffle.ts';
import type { Cabal } from './cabal.ts';
import type { Liar, Strategy } from './liar.ts';

export interface TwoSamples {
  readonly atMs: number;
  /** How much later a half hears of the batch that it is to see second. */
  readonly gapMs: number;
  /** What both batches depend on. */
  readonly key: string;
  /** First number of the two batches, of the first liar. */
  readonly number: number;
}

interface Plan {
  readonly t: Batch;
  readonly u: Batch;
  /** Honest signers that are to see U first, and those that are to see T first. */
  readonly uFirst: readonly SignerId[];
  readonly tFirst: readonly SignerId[];
  /** Who alone is shown the certificate of U. */
  readonly shown: SignerId;
}

export function twoSamples(liar: Liar, { atMs, gapMs, key, number }: TwoSamples): Strategy {
  const { cabal, world, id } = liar;
  if (id === cabal.members[0])
    world.schedule.after(atMs, () => {
      const plan = stage(liar, key, number);
      ask(liar, plan, gapMs);
      world.schedule.after(2 * gapMs, () => show(liar, plan));
    });
  // The engines of the liars must not say what their masters do not.
  const staged = (batch: BatchId): boolean =>
    cabal.forgedBatches.get(batch)?.header.ingress === cabal.members[0];
  return {
    outgoing({ message, ...rest }) {
      const about =
        message.type === 'votes'
          ? message.votes.batch
          : message.type === 'certificate'
            ? message.certificate.batch
            : message.type === 'announce'
              ? message.batch.id
              : undefined;
      return about !== undefined && staged(about) ? [] : [{ message, ...rest }];
    },
  };
}

function stage(liar: Liar, key: string, number: number): Plan {
  const { cabal, world } = liar;
  const make = (at: number): Batch => {
    const { transaction } = world.transaction([key], `sample ${at}`);
    const { epoch } = world.federation.verifier;
    const batch = makeBatch(
      { epoch, ingress: liar.id, number: batchNumber(at), after: [] },
      [transaction],
      (bytes) => liar.node.signer.signingKey.sign(bytes),
    );
    cabal.batches.set(batch.id, batch);
    cabal.forgedBatches.set(batch.id, batch);
    return batch;
  };
  const leader = leaderOf(world.federation.verifier.epoch, 0, liar.n);
  // The leader must not know of U: it comes last, among those that see T first.
  const honest = [...cabal.honest].sort((a, b) => Number(a === leader) - Number(b === leader));
  const needed = Math.max(1, world.quorum.threshold - cabal.members.length);
  return {
    t: make(number),
    u: make(number + 1),
    uFirst: honest.slice(0, needed),
    tFirst: honest.slice(needed),
    shown: honest[0]!,
  };
}

/** Asks for single votes: who lacks the batch fetches it from us, and forwards it to nobody. */
function ask(liar: Liar, { t, u, uFirst, tFirst }: Plan, gapMs: number): void {
  const tell = (to: SignerId, batch: Batch): void =>
    liar.send(to, { type: 'voteRequest', root: liar.id, attempt: attempt(0), batch: batch.id });
  for (const to of uFirst) tell(to, u);
  for (const to of tFirst) tell(to, t);
  liar.world.schedule.after(gapMs, () => {
    for (const to of uFirst) tell(to, t);
    for (const to of tFirst) tell(to, u);
  });
}

/** The members' votes on a batch, that list nothing, with these single votes. */
function sample(cabal: Cabal, batch: BatchId, singles: readonly Certificate[]): Certificate | undefined {
  const base = singles[0]?.classes[0]?.base;
  if (base === undefined) return undefined;
  const own = cabal.members.map((member) => cabal.vote(member, batch, { base, before: [], rejects: [] }));
  return cabal.keep(cabal.join([...singles, ...own]));
}

function show(liar: Liar, { t, u, shown }: Plan): void {
  const { cabal, world } = liar;
  const lists = (vote: Certificate, id: BatchId): boolean => vote.classes[0]!.before.includes(id);
  // Those that do not list U first, then as few of the others as make a quorum.
  const onT = [...cabal.singles(t.id).values()].sort(
    (a, b) => Number(lists(a, u.id)) - Number(lists(b, u.id)),
  );
  // Votes that list T count for the quorum, and not for the score.
  const ofU = sample(cabal, u.id, [...cabal.singles(u.id).values()]);
  const ofT = sample(cabal, t.id, onT.slice(0, Math.max(1, cabal.quorum - cabal.members.length)));
  world.caption(`the certificate of U is shown to s${shown} alone`, [shown]);
  if (ofU) liar.send(shown, { type: 'wanted', certificates: [ofU] });
  if (!ofT) return;
  const message: PeerMessage = { type: 'wanted', certificates: [ofT] };
  const others = cabal.honest.filter((to) => to !== shown);
  for (const to of others) liar.send(to, message);
  // A liar may lead: its engine must know what it is to propose, and from whom to fetch the rest.
  const from = others[0] ?? shown;
  for (const id of cabal.members) world.nodes[id]!.input({ type: 'message', from, message });
}
