/** Every attack by its name: what `sim attack`, sweeps and the page offer. */

import { omission } from './aggregates/omission.ts';
import { rogueKeys } from './aggregates/rogue-key.ts';
import { tampering } from './aggregates/tampering.ts';
import { amnesia } from './amnesia/old-disk.ts';
import { replays } from './amnesia/replays.ts';
import type { Attack } from './attack.ts';
import { chainedCycles } from './cycles/chained-cycles.ts';
import { condorcet } from './cycles/condorcet.ts';
import { condorcetLiars } from './cycles/condorcet-liars.ts';
import { bridge, keyFlood, wildcardFlood } from './dependencies/dependencies.ts';
import { ghostBatches, selective, withheldBodies } from './dissemination/dissemination.ts';
import { flip } from './flip/flip.ts';
import { frontRun, sandwich } from './frontrun/front-run.ts';
import { grindTies } from './grinding/grind-ties.ts';
import { grindTree } from './grinding/grind-tree.ts';
import { headStart } from './headstart/head-start.ts';
import { learnerDivergence } from './learners/divergence.ts';
import { learnerForgery } from './learners/forgery.ts';
import { learnerGap } from './learners/gap.ts';
import { learnerReplay } from './learners/replay.ts';
import { numberEquivocation, numberGaps, windowFull } from './numbers/numbers.ts';
import { oneLearner } from './roots/one-learner.ts';
import { starvedScore } from './roots/starved-score.ts';
import { twoBlocks } from './roots/two-blocks.ts';
import { twoSamples } from './roots/two-samples.ts';
import { spam, spray } from './spam/spam.ts';
import { leadersInTurn } from './views/leaders-in-turn.ts';
import { viewStorm } from './views/storm.ts';

export const attacks: readonly Attack[] = [
  flip,
  twoSamples,
  starvedScore,
  oneLearner,
  twoBlocks,
  omission,
  tampering,
  rogueKeys,
  amnesia,
  replays,
  viewStorm,
  leadersInTurn,
  learnerForgery,
  learnerGap,
  learnerReplay,
  learnerDivergence,
  frontRun,
  headStart,
  sandwich,
  condorcet,
  condorcetLiars,
  chainedCycles,
  selective,
  withheldBodies,
  ghostBatches,
  grindTree,
  grindTies,
  wildcardFlood,
  bridge,
  keyFlood,
  numberGaps,
  numberEquivocation,
  windowFull,
  spam,
  spray,
];

export const findAttack = (name: string): Attack | undefined => attacks.find((one) => one.name === name);
