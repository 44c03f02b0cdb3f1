/**
 * Tampered aggregates (class 9): bitmaps that claim more than was signed, votes moved between classes,
 * signatures of other batches, parts that are wrong alone and right together. The goal is that an honest
 * signer takes one in: orders or delivers by a certificate that does not verify, or convicts by it somebody
 * who is honest. What answers it is that every merge is checked; without that check it succeeds at once.
 */

import type { Tampering } from '../../adversaries/aggregates.ts';
import type { SimulationOptions } from '../../options.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import {
  believing,
  broken,
  demandOrdered,
  type Judgement,
  judged,
  liarsWith,
  parameterOf,
  type StagedRun,
  uncheckedKnob,
  victimScene,
} from '../stage.ts';

const unchecked = uncheckedKnob('votes and certificates');

const all: readonly Tampering[] = ['inflate', 'move', 'relabel', 'foreign', 'zero', 'overlap', 'cancel'];
const kind = {
  name: 'kind',
  initial: 'any',
  values: ['any', ...all],
  about: 'how aggregates are changed; any: drawn anew each time',
};

export const tampering: Attack = {
  name: 'tampering',
  group: 9,
  about: 'inner nodes and roots change aggregates: bitmaps, classes, signatures',
  goal: 'an honest signer accepts a certificate that does not verify, or convicts an honest one',
  rules: ['engine'],
  parameters: [kind, unchecked],
  trial(options: AttackOptions): Trial {
    const wanted = parameterOf(options, kind);
    const kinds = wanted === 'any' ? all : all.filter((one) => one === wanted);
    if (kinds.length === 0) throw new Error(`parameter kind must be one of any, ${all.join(', ')}`);
    const simulation: SimulationOptions = {
      ...victimScene(options, 20, 60),
      adversaries: liarsWith(options, [{ name: 'tampered-aggregates', parameters: { kinds, chance: 1 } }]),
      progressMs: 20_000,
      ...(parameterOf(options, unchecked) && { watch: believing('votes', 'certificate') }),
    };
    return judged(options, simulation, judge, 'Tampered aggregates');
  },
};

function judge(run: StagedRun): Judgement {
  const { history } = run;
  const seen = new Map(history.certificates);
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'delivered')
      seen.set(entry.event.delivery.certificateDigest, entry.event.delivery.certificate);
  const false_ = [...seen.values()].filter((certificate) => !history.verify(certificate).ok).length;
  const refused = history.entries.filter(
    (one) => one.kind === 'event' && one.event.type === 'refused',
  ).length;
  const figures = { falseCertificates: false_, refused };
  if (false_ > 0)
    return { reached: true, reason: `${false_} certificates in the order do not verify`, figures };
  const names = broken(run);
  if (names.length > 0) return { reached: true, reason: `checks object: ${names.join(', ')}`, figures };
  demandOrdered(run);
  return {
    reached: false,
    reason: `every certificate in the order verifies; ${refused} messages were refused`,
    figures,
  };
}
