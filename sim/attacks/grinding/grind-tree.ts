/**
 * Class 10, tree places. A client tries transactions until the batch that an idle honest ingress will make of one
 * has the liars right below its root, with as many signers below them as can be; the liars leave their subtrees out.
 *
 * Batches, blocks and leaders of others cannot be ground: the seed is the batch's own id, and a term's. What answers
 * the rest is the bypass (section 3): who is not heard from is asked directly, so a bad place costs time and the
 * liars' own votes. With `c >= f` the batch is final by its score all the same.
 */

import { textOf, utf8 } from '../../../src/base/bytes.ts';
import { batchNumber, type SignerId } from '../../../src/base/ids.ts';
import { transactionSize } from '../../../src/engine/ingress.ts';
import { makeBatch } from '../../../src/messages/batch.ts';
import { neverExpires, type Transaction, transactionId } from '../../../src/messages/transaction.ts';
import { fewBelow, ground } from '../../adversaries/grinding.ts';
import type { SimulationOptions } from '../../options.ts';
import type { World } from '../../world.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { honestSigners } from '../frontrun/race.ts';
import { type Judgement, judged, liarsWith, type StagedRun, sceneOf } from '../stage.ts';

const startMs = 100;

const parameters: readonly AttackParameter[] = [
  { name: 'tries', initial: 200, min: 1, about: 'transactions tried; 1 is no grinding' },
];

/** What an idle ingress makes of a transaction is known beforehand: its first batch, with an empty `after`. */
function groundTransaction(world: World, ingress: SignerId, tries: number): Transaction {
  const { epoch } = world.federation.verifier;
  const { fanout } = world.federation.federation;
  const make = (i: number): Transaction => ({
    epoch,
    client: utf8('ground'),
    nonce: i,
    expires: neverExpires,
    dependencies: [utf8('ground')],
    body: utf8(`ground ${i}`),
    signature: undefined,
  });
  const cost = (transaction: Transaction): string => {
    const header = { epoch, ingress, number: batchNumber(1), after: [] };
    const { id } = makeBatch(header, [transaction], () => new Uint8Array(64));
    return fewBelow(id, ingress, [...world.byzantine], { n: world.nodes.length, fanout });
  };
  return ground(tries, make, cost);
}

function byScore({ history }: StagedRun, sentAt: number): Judgement {
  for (const entry of history.entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'delivered') continue;
    const { batch, finality, certificate } = entry.event.delivery;
    if (batch.transactions.every((one) => textOf(one.client) !== 'ground')) continue;
    const votes = certificate.classes.reduce((sum, one) => sum + one.signers.length, 0);
    const figures = { delayMs: entry.at - sentAt, votes };
    return finality === 'score'
      ? { reached: false, reason: `final by its score with ${votes} votes`, figures }
      : { reached: true, reason: `needs phase 3: ${votes} votes in its certificate`, figures };
  }
  return { reached: true, reason: 'never final' };
}

export const grindTree: Attack = {
  name: 'grind-tree',
  group: 10,
  about: 'a transaction that is tried until liars stand right below the root of its tree',
  goal: 'an uncontested batch is not final by its score',
  rules: ['engine'],
  parameters,
  trial(options: AttackOptions) {
    const tries = knobsOf(parameters, options).number('tries');
    const [ingress] = honestSigners(options);
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [
        { name: 'omitted-subtree', parameters: { share: 1 } },
        { name: 'hoarded-bodies', parameters: { share: 1 } },
      ]),
      fanout: 2,
      submissions: [],
      durationMs: 2000,
      watch: (world) =>
        world.schedule.after(startMs, () => {
          const transaction = groundTransaction(world, ingress!, tries);
          const id = transactionId(transaction);
          world.submit(ingress!, { id, transaction, size: transactionSize(transaction) });
        }),
    };
    return judged(options, simulation, (run) => byScore(run, startMs));
  },
};
