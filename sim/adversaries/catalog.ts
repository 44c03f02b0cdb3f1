/**
 * The strategies by name, each with parameters drawn from the seed. Names are what replay commands and
 * reports say. `draw` gives parameters as data; `make` builds the strategy on a liar.
 */

import type { Random } from '../random.ts';
import { eagerTimeouts, falseProposals, falseTimeouts, signEverything, withholdQc } from './agreement.ts';
import { equivocateBatches, ghosts, withholdBatches } from './batches.ts';
import type { Liar, Strategy } from './liar.ts';
import { falseCatchUp, goSilent, junkCopies, replay, serveForged, twinEngines } from './network.ts';
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
  'withheld-batches': kind((random) => ({ share: random.pick([0.3, 1]) }), withholdBatches),
  'equivocated-batches': kind(chanceOf, equivocateBatches),
  ghosts: kind(chanceOf, ghosts),
  'bad-partials': kind(chanceOf, badPartials),
  'omitted-subtree': kind((random) => ({ share: random.pick([0.3, 0.6, 1]) }), omitSubtree),
  'equivocating-leader': kind(
    () => ({ kinds: ['empty', 'fewer', 'certificates', 'parent'] as const, chance: 0.7, split: true }),
    falseProposals,
  ),
  'bad-blocks': kind(
    (random) => ({
      kinds: [random.pick(['fewer', 'root', 'height', 'parent', 'repeat'] as const)],
      chance: random.pick([0.3, 1]),
      split: false,
    }),
    falseProposals,
  ),
  'signs-everything': kind(() => ({}), signEverything),
  'withheld-qc': kind((random) => ({ chance: random.pick([0.5, 1]) }), withholdQc),
  'hidden-qc': kind(() => ({ double: false }), falseTimeouts),
  'double-timeouts': kind(() => ({ double: true }), falseTimeouts),
  'eager-timeouts': kind(() => ({}), eagerTimeouts),
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
  'false-catch-up': kind(() => ({}), falseCatchUp),
  'junk-copies': kind(() => ({}), junkCopies),
  twins: kind((random) => ({ reshuffleMs: random.pick([100, 400, 1e9]) }), twinEngines),
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
