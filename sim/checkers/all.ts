/** The checkers that every simulation runs. */

import { blame } from './blame.ts';
import { blameComplete } from './blame-complete.ts';
import { agreement, commitRule, prefixes } from './chain.ts';
import type { Checker } from './checker.ts';
import { database } from './database.ts';
import { deliveredStays, deliveryOrder, verdicts } from './deliveries.ts';
import { derivation } from './derivation.ts';
import { fairness } from './fairness.ts';
import { learners } from './learners.ts';
import { score } from './score.ts';
import { statements, votes } from './statements.ts';
import { engines, nothingLost, onePlace, progress } from './transactions.ts';

export const allCheckers: readonly Checker[] = [
  agreement,
  commitRule,
  prefixes,
  deliveryOrder,
  deliveredStays,
  verdicts,
  onePlace,
  nothingLost,
  derivation,
  score,
  fairness,
  statements,
  votes,
  blame,
  blameComplete,
  learners,
  database,
  engines,
  progress,
];
