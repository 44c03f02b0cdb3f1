/**
 * Silence of each leader in turn (class 13): an adversary of the network cuts off whoever leads, for as long
 * as it leads, one at a time, for a number of terms. Nobody lies. Batches stay final by score meanwhile; what
 * needs phase 3 waits, and must be ordered within a bound once the adversary stops.
 */

import { allSigners, type SignerId } from '../../../src/base/ids.ts';
import type { World } from '../../world.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { judged, parameterOf, victimScene } from '../stage.ts';

const terms = {
  name: 'terms',
  initial: 6,
  min: 0,
  about: 'how many leaders are silenced, one after the other',
};
const bound = {
  name: 'boundMs',
  initial: 60_000,
  min: 0,
  about: 'ms within which all is ordered after that',
};
const lookEveryMs = 5;
/** Time in ms that the adversary has for its terms at least, whatever the bound. */
const minMs = 60_000;

interface Silencing {
  readonly silenced: SignerId[];
  /** When the last one was let go. */
  endedAt: number;
}

/** The leader that most honest engines wait for, with the view. */
function leaderNow(world: World): { readonly leader: SignerId; readonly view: number } | undefined {
  let best: { leader: SignerId; view: number } | undefined;
  for (const { engine } of world.nodes) {
    const status = engine?.status();
    if (status && (!best || status.view > best.view)) best = { leader: status.leader, view: status.view };
  }
  return best;
}

function silence(world: World, count: number): Silencing {
  const state: Silencing = { silenced: [], endedAt: Number.POSITIVE_INFINITY };
  const { leaderTerm } = world.federation.federation.limits;
  let cut: SignerId | undefined;
  let term = -1;
  const setCut = (id: SignerId, on: boolean): void => {
    for (const other of allSigners(world.nodes.length)) {
      if (other === id) continue;
      world.network.setCut(id, other, on);
      world.network.setCut(other, id, on);
    }
  };
  const look = (): void => {
    if (state.endedAt <= world.now) return;
    const now = leaderNow(world);
    const nowTerm = now ? Math.floor((now.view - 1) / leaderTerm) : term;
    if (now && nowTerm !== term) {
      if (cut !== undefined) setCut(cut, false);
      cut = undefined;
      term = nowTerm;
      world.relink();
      if (state.silenced.length === count) {
        state.endedAt = world.now;
        return;
      }
      cut = now.leader;
      state.silenced.push(cut);
      setCut(cut, true);
      world.caption(`s${cut} leads view ${now.view} and is cut off`, [cut]);
    }
    // Again, for when a run ends its faults it mends every link.
    else if (cut !== undefined) setCut(cut, true);
  };
  const tick = (): void => {
    look();
    if (state.endedAt > world.now) world.schedule.after(lookEveryMs, tick);
  };
  // A leader is done within a few ms: it must be cut off by what makes it the leader.
  world.watchers.push({
    received: (_, __, { type }) => {
      if (type === 'timeout' || type === 'view' || type === 'proposal') look();
    },
  });
  world.schedule.after(0, tick);
  return state;
}

export const leadersInTurn: Attack = {
  name: 'leaders-in-turn',
  group: 13,
  about: 'the network silences each leader as soon as it leads',
  goal: 'not everything is ordered within the bound after the last leader was let go',
  rules: ['engine'],
  parameters: [terms, bound],
  trial(options: AttackOptions): Trial {
    const boundMs = parameterOf(options, bound);
    let state: Silencing | undefined;
    return judged(
      options,
      {
        ...victimScene(options, 20, 60),
        limits: { leaderTerm: 2, checkpointAfterMs: 200 },
        progressMs: Math.max(minMs, 2 * boundMs),
        watch: (world) => {
          state = silence(world, parameterOf(options, terms));
        },
      },
      ({ history, report, world }) => {
        const silenced = state?.silenced.length ?? 0;
        const endedAt = state?.endedAt ?? Number.POSITIVE_INFINITY;
        // A promise for the time after it says nothing of an adversary that was still at it.
        if (!Number.isFinite(endedAt))
          throw new Error(`the run ended with ${silenced} leaders silenced, the last one not let go`);
        const delayMs = world.now - endedAt;
        const figures = {
          delayMs,
          silenced,
          shareByScore: report.finality.score / Math.max(1, report.transactions),
        };
        const late = history.progress?.reached === false || delayMs > boundMs;
        return {
          reached: late,
          reason: `${figures.silenced} leaders silenced; all ordered ${late ? 'too late or never' : `${delayMs.toFixed(1)} ms after the last`}`,
          figures,
        };
      },
      'Each leader silenced in turn',
    );
  },
};
