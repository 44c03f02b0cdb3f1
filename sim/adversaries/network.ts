/** Lies about delivery: silence at the worst moment, stale messages, false answers, two copies of itself. */

import { height as asHeight, type SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { Liar, Strategy } from './liar.ts';

/** Goes silent after the first half of a fan-out of the given kinds, for a while or for ever. */
export function goSilent(
  liar: Liar,
  {
    after,
    forMs,
    kinds,
  }: { readonly after: number; readonly forMs: number; readonly kinds: readonly PeerMessage['type'][] },
): Strategy {
  let left = after;
  let silentUntil = 0;
  return {
    step(sends) {
      if (liar.world.now < silentUntil) return [];
      const fanOut = sends.filter(({ message }) => kinds.includes(message.type));
      if (fanOut.length === 0 || --left > 0) return sends;
      left = after;
      silentUntil = liar.world.now + forMs;
      const said = new Set(fanOut.slice(0, Math.ceil(fanOut.length / 2)));
      return sends.filter((send) => said.has(send));
    },
  };
}

const replayedMax = 200;

/** Sends again what was said long ago, by itself or by others, to anybody. */
export function replay(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  const kept: PeerMessage[] = [];
  const keep = (message: PeerMessage): void => {
    if (kept.length < replayedMax) kept.push(message);
    else if (liar.random.chance(0.1)) kept[liar.random.integer(0, replayedMax)] = message;
  };
  return {
    outgoing(send) {
      keep(send.message);
      return [send];
    },
    incoming(_, message) {
      keep(message);
      return true;
    },
    tick() {
      for (const to of liar.others)
        if (kept.length > 0 && liar.random.chance(chance)) liar.send(to, liar.random.pick(kept));
    },
  };
}

/** Claims a long order, and answers those who ask for it with what does not fit. */
export function falseCatchUp(liar: Liar): Strategy {
  const { random } = liar;
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (message.type === 'view' && random.chance(0.3))
        return [
          {
            ...send,
            message: { ...message, committed: asHeight(message.committed + random.pick([1, 50, 1e9])) },
          },
        ];
      if (message.type !== 'blocks') return [send];
      const lies: (() => PeerMessage | undefined)[] = [
        () => undefined,
        () => ({ ...message, certificates: [] }),
        () => ({ ...message, blocks: message.blocks.slice(0, 1), proof: [] }),
        () => ({ ...message, blocks: [...message.blocks].reverse() }),
        () => ({
          ...message,
          certificates: message.certificates.map((one) => ({ ...one, classes: one.classes.slice(0, 1) })),
        }),
        () => ({
          ...message,
          blocks: message.blocks.map((block) => ({ ...block, entries: block.entries.slice(1) })),
        }),
        () => message,
      ];
      const told = random.pick(lies)();
      return told ? [{ ...send, message: told }] : [];
    },
  };
}

/** Answers a fetch with other things, with less, or not at all. */
export function junkCopies(liar: Liar): Strategy {
  const { random } = liar;
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (message.type !== 'copy') return [send];
      const known = [...liar.batches.values()];
      const junk = known.length > 0 ? [random.pick(known)] : [];
      const told = random.pick<PeerMessage | undefined>([
        undefined,
        { ...message, batches: junk },
        { ...message, certificates: [], blocks: [] },
        {
          ...message,
          certificates: message.certificates.map((one) => ({
            ...one,
            signature: Uint8Array.from(one.signature).reverse(),
          })),
        },
        message,
      ]);
      return told ? [{ ...send, message: told }] : [];
    },
  };
}

/** Answers fetches for what it forged and showed; without it nobody could follow its forged blocks. */
export function serveForged(liar: Liar): Strategy {
  return {
    incoming(from, message) {
      if (message.type !== 'fetch') return true;
      const certificates = message.certificates.flatMap((id) => liar.certificates.get(id) ?? []);
      const batches = message.batches.flatMap((id) => liar.forgedBatches.get(id) ?? []);
      const blocks = message.blocks.flatMap((id) => liar.forgedBlocks.get(id) ?? []);
      if (certificates.length + batches.length + blocks.length > 0)
        liar.send(from, { type: 'copy', batches, certificates, blocks });
      return true;
    },
  };
}

/** Latency in ms between second copies of friends. */
const betweenTwinsMs = 0.3;

/**
 * Two copies of the engine with the same keys. The signers are split between them, and split anew now and
 * then, so that each copy in turn is the honest past of the other.
 */
export function twinEngines(liar: Liar, { reshuffleMs }: { readonly reshuffleMs: number }): Strategy {
  let round = 0;
  // The first split is the plan's; friends stay with the first copy, which keeps them together.
  const hears = (peer: SignerId): boolean =>
    !liar.cabal.members.includes(peer) &&
    (round === 0 ? liar.cabal.half(peer) : liar.side(peer, `twin ${round}`)) === 1;
  const second = liar.world.addTwin(liar.id, hears);
  liar.cabal.twins.set(liar.id, second);
  // The world links first copies only; second ones find each other here.
  second.tamper = {
    outgoing: (sends) =>
      sends.filter(({ to, message }) => {
        const friend = liar.cabal.twins.get(to);
        if (friend)
          liar.world.schedule.after(betweenTwinsMs, () =>
            friend.input({ type: 'message', from: liar.id, message }),
          );
        return !friend;
      }),
    incoming: () => true,
  };
  let next = reshuffleMs;
  return {
    tick() {
      if (liar.world.now < next) return;
      next = liar.world.now + reshuffleMs;
      round += 1;
    },
  };
}
