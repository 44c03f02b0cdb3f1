/**
 * The strategies by name, each with parameters drawn from the seed. Names are what replay commands and
 * reports say. `draw` gives parameters as data; `make` builds the strategy on a liar.
 */

import type { Random } from '../random.ts';
import { omitVictim, type Tampering, tamperAggregates } from './aggregates.ts';
import { eagerTimeouts, falseProposals, falseTimeouts, signEverything, withholdQc } from './agreement.ts';
import { oldDisk, oldMessages, staleVotes } from './amnesia.ts';
import { equivocateBatches, ghosts, withholdBatches } from './batches.ts';
import { cyclicVotes, endlessChain, rotatedChain } from './cycles.ts';
import { overreachingBatches } from './dependencies.ts';
import { hoardBodies, selectiveBatches } from './dissemination.ts';
import { frontRunner, partisanVotes } from './frontrun.ts';
import { groundIds, groundShot } from './grinding.ts';
import type { Liar, Strategy } from './liar.ts';
import { falseCatchUp, goSilent, junkCopies, replay, serveForged, twinEngines } from './network.ts';
import { fullWindow, gappedNumbers } from './numbers.ts';
import { cherryPick, shownToOne } from './roots.ts';
import { twoSamples } from './roots-samples.ts';
import { copycat, spamOwn } from './spam.ts';
import { duel, lazyLeader, stormTimeouts } from './views.ts';
import { badPartials, falseVotes, omitSubtree, twoCertificates } from './votes.ts';

type Parameters = object;

interface Kind<P> {
  /** Parameters for one run. */
  readonly draw: (random: Random) => P;
  readonly make: (liar: Liar, parameters: P) => Strategy;
}

/** Lets each entry keep its own type of parameters. */
const kind = <P extends Parameters>(
  draw: (random: Random) => P,
  make: (liar: Liar, parameters: P) => Strategy,
): Kind<Parameters> => ({ draw, make }) as unknown as Kind<Parameters>;

const chanceOf = (random: Random): { chance: number } => ({ chance: random.pick([0.1, 0.5, 1]) });

export const adversaries = {
  'equivocating-votes': kind(
    (random) => ({
      before: ['nothing', 'everything', 'reversed', 'random', 'truth'] as const,
      base: random.pick([['truth'], ['truth', 'zero', 'random']] as const),
      chance: random.pick([0.3, 1]),
      split: true,
    }),
    falseVotes,
  ),
  'lying-votes': kind(
    (random) => ({
      before: [random.pick(['nothing', 'everything', 'reversed'] as const)],
      base: ['truth'] as const,
      chance: random.pick([0.5, 1]),
      split: false,
    }),
    falseVotes,
  ),
  'false-base': kind(
    (random) => ({
      before: ['truth', 'nothing'] as const,
      base: [random.pick(['zero', 'huge', 'next', 'random'] as const)],
      chance: random.pick([0.5, 1]),
      split: random.chance(0.5),
    }),
    falseVotes,
  ),
  'two-certificates': kind(() => ({}), twoCertificates),
  'cherry-picking': kind(
    (random) => ({
      aim: random.pick(['first', 'last', 'split', 'without'] as const),
      takeOver: random.pick([0, 0.5, 1]),
      shown: random.pick(['all', 'half', 'audience'] as const),
    }),
    cherryPick,
  ),
  'two-samples': kind(
    (random) => ({
      atMs: random.integer(0, 1000),
      gapMs: random.pick([2, 20]),
      key: `k${random.integer(0, 4)}`,
      number: random.integer(1, 6),
    }),
    twoSamples,
  ),
  'shown-to-one': kind(
    (random) => ({
      to: random.pick(['audience', 'half'] as const),
      silentMs: random.pick([50, 400, 2000]),
    }),
    shownToOne,
  ),
  'withheld-batches': kind((random) => ({ share: random.pick([0.3, 1]) }), withholdBatches),
  'equivocated-batches': kind(chanceOf, equivocateBatches),
  ghosts: kind(chanceOf, ghosts),
  'bad-partials': kind(chanceOf, badPartials),
  'omitted-subtree': kind((random) => ({ share: random.pick([0.3, 0.6, 1]) }), omitSubtree),
  'omitted-victim': kind((random) => ({ how: random.pick(['down', 'up', 'both'] as const) }), omitVictim),
  'tampered-aggregates': kind(
    (random) => ({
      kinds: random.pick<readonly Tampering[]>([
        ['inflate', 'move', 'relabel', 'foreign', 'zero', 'overlap', 'cancel'],
        ['overlap', 'cancel'],
        ['inflate', 'move', 'relabel'],
      ]),
      chance: random.pick([0.2, 0.6, 1]),
    }),
    tamperAggregates,
  ),
  'equivocating-leader': kind(
    (random) => ({
      kinds: ['empty', 'fewer', 'certificates', 'parent'] as const,
      chance: 0.7,
      split: true,
      leak: random.pick([0, 0.25]),
    }),
    falseProposals,
  ),
  'bad-blocks': kind(
    (random) => ({
      kinds: [random.pick(['fewer', 'root', 'height', 'parent', 'repeat'] as const)],
      chance: random.pick([0.3, 1]),
      split: false,
      leak: 0.2,
    }),
    falseProposals,
  ),
  'signs-everything': kind(() => ({}), signEverything),
  'withheld-qc': kind((random) => ({ chance: random.pick([0.5, 1]) }), withholdQc),
  'hidden-qc': kind(() => ({ double: false }), falseTimeouts),
  'double-timeouts': kind(() => ({ double: true }), falseTimeouts),
  'eager-timeouts': kind(() => ({}), eagerTimeouts),
  'view-storm': kind(
    (random) => ({
      ahead: random.pick([0, 0, 3]),
      pauseMs: random.pick([3, 50]),
      blameless: random.chance(0.7),
    }),
    stormTimeouts,
  ),
  'lazy-leader': kind(
    (random) => ({ how: random.pick(['silent', 'late', 'empty', 'half'] as const) }),
    lazyLeader,
  ),
  duel: kind(chanceOf, duel),
  silence: kind(
    (random) => ({
      after: random.integer(1, 12),
      forMs: random.pick([100, 1000, 1e9]),
      kinds: random.pick([
        ['announce'],
        ['certificate'],
        ['proposal'],
        ['view'],
        ['votes'],
        ['timeout'],
      ] as const),
    }),
    goSilent,
  ),
  replay: kind(chanceOf, replay),
  'old-disk': kind(
    (random) => ({
      copyAtMs: random.integer(0, 800),
      restoreAtMs: random.integer(900, 2000),
      againMs: random.pick([300, 1000, 1e9]),
    }),
    oldDisk,
  ),
  'stale-votes': kind(chanceOf, staleVotes),
  'old-messages': kind(
    (random) => ({
      of: random.pick([['epoch', 'view', 'attempt'], ['epoch'], ['view'], ['attempt']] as const),
      chance: random.pick([0.1, 0.5, 1]),
    }),
    oldMessages,
  ),
  'false-catch-up': kind(() => ({}), falseCatchUp),
  'junk-copies': kind(() => ({}), junkCopies),
  twins: kind((random) => ({ reshuffleMs: random.pick([100, 400, 1e9]) }), twinEngines),
  'front-runner': kind(
    (random) => ({
      victim: '',
      chance: random.pick([0.2, 1]),
      holdMs: random.pick([0, 5, 100]),
      direct: random.chance(0.5),
      back: random.chance(0.5),
    }),
    frontRunner,
  ),
  'partisan-votes': kind(() => ({ client: '' }), partisanVotes),
  'cyclic-votes': kind(() => ({}), cyclicVotes),
  'rotated-chain': kind(
    (random) => ({
      batches: random.integer(1, 6),
      from: 'k0',
      to: random.pick(['k0', 'k1']),
      atMs: random.integer(0, 1500),
      gapMs: random.pick([1, 10, 100]),
      first: [],
    }),
    rotatedChain,
  ),
  'endless-chain': kind(
    (random) => ({
      atMs: random.integer(0, 1000),
      stepMs: random.pick([1, 5, 20]),
      batches: random.integer(3, 40),
      key: 'k0',
    }),
    endlessChain,
  ),
  'selective-batches': kind(
    (random) => ({
      audience: random.pick(['nobody', 'one', 'few', 'below-quorum'] as const),
      chance: random.pick([0.1, 0.5]),
      key: '',
      serve: random.chance(0.3),
    }),
    selectiveBatches,
  ),
  'hoarded-bodies': kind((random) => ({ share: random.pick([0.5, 1]) }), hoardBodies),
  'gapped-numbers': kind(
    (random) => ({
      jumps: random.pick([[2], [1, 2, 5], [-1, 0, 1], [3, -2, 4000]] as const),
      chance: random.pick([0.1, 0.5]),
      after: random.pick(['nothing', 'last', 'gap', 'stranger'] as const),
      share: random.pick([0.4, 1]),
    }),
    gappedNumbers,
  ),
  'full-window': kind(
    (random) => ({
      most: random.pick([4, 40]),
      share: random.pick([0.4, 1]),
      wildcard: random.chance(0.3),
      chance: 0.2,
    }),
    fullWindow,
  ),
  'overreaching-batches': kind(
    (random) => ({
      reach: random.pick(['everything', 'bridge', 'flood'] as const),
      keys: random.pick([4, 40]),
      chance: random.pick([0.1, 0.5]),
    }),
    overreachingBatches,
  ),
  'ground-ids': kind(
    (random) => ({
      prize: random.pick(['small-id', 'small-tie', 'tree'] as const),
      tries: 16,
      chance: random.pick([0.1, 0.4]),
    }),
    groundIds,
  ),
  'ground-shot': kind(
    (random) => ({
      prize: random.pick(['small-id', 'small-tie', 'nothing'] as const),
      tries: 16,
      key: random.pick(['k0', 'shared']),
      atMs: random.integer(0, 1500),
    }),
    groundShot,
  ),
  'spam-own': kind((random) => ({ burst: random.integer(1, 12), chance: 0.3 }), spamOwn),
  copycat: kind(chanceOf, copycat),
} as const;

export type AdversaryName = keyof typeof adversaries;

export const adversaryNames = Object.keys(adversaries) as AdversaryName[];

/** A strategy with its parameters, as reports show it. */
export interface Chosen {
  readonly name: AdversaryName;
  readonly parameters: Parameters;
}

export const choose = (name: AdversaryName, random: Random): Chosen => ({
  name,
  parameters: adversaries[name].draw(random),
});

/** The strategies of one liar. What is forged is always served, or it would end at the first fetch. */
export const buildStrategies = (liar: Liar, chosen: readonly Chosen[]): Strategy[] => [
  ...chosen.map(({ name, parameters }) => adversaries[name].make(liar, parameters)),
  serveForged(liar),
];
