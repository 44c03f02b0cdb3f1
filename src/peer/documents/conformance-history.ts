/**
 * A short history with one of everything, and what it must lead to: the input and the model of
 * `storeConformance`. The model is `singleThreadedReplay` over each prefix, which shares no code path
 * with the stores.
 */

import { digest, u53 } from '../../base/codec.ts';
import { hash } from '../../base/hash.ts';
import { type BatchId, digestAs, type Epoch, type TransactionId } from '../../base/ids.ts';
import type {
  Document,
  OrderedBatch,
  OrderedGroup,
  OrderedTransaction,
  Outcome,
  Position,
  Verdict,
} from '../api.ts';
import {
  documentDependencies,
  documentMachine,
  encodeOperations,
  type Operation,
} from '../machine/documents.ts';
import { genesisPosition, orderedGroup } from '../position.ts';
import { replayRoot, singleThreadedReplay } from '../replay.ts';

/** A transaction to be ordered: its body, and how it departs from the ordinary. */
export interface TransactionSketch {
  readonly ops?: readonly Operation[];
  readonly body?: Uint8Array;
  /** Default: the ids of `ops`. `null`: no list, may touch everything. */
  readonly dependencies?: readonly Uint8Array[] | null;
  readonly verdict?: Verdict;
}

const numbered = (domain: 'transaction' | 'batch', number: number): string =>
  hash(domain, u53().encode(number));

/** A batch of sketched transactions; `number` sets it and its transactions apart from others. */
export function sketchBatch(
  number: number,
  sketches: readonly TransactionSketch[],
  isVoid = false,
): OrderedBatch {
  const batch = digestAs<BatchId>(numbered('batch', number) as BatchId);
  const transactions = sketches.map((sketch, index): OrderedTransaction => {
    const ops = sketch.ops ?? [];
    const nonce = number * 10_000 + index;
    return {
      id: digestAs<TransactionId>(numbered('transaction', nonce) as TransactionId),
      client: Uint8Array.of(1),
      nonce,
      body: sketch.body ?? encodeOperations(ops),
      dependencies:
        sketch.dependencies === null ? undefined : (sketch.dependencies ?? documentDependencies(ops)),
      signed: false,
      batch,
      index,
      verdict: sketch.verdict ?? 'executed',
    };
  });
  return { batch, transactions, void: isVoid };
}

/** What a store must hold after a number of groups. */
export interface Stage {
  readonly position: Position;
  readonly stateRoot: string;
  readonly count: number;
  readonly documents: ReadonlyMap<string, Document>;
}

export interface History {
  readonly genesis: Position;
  readonly groups: readonly OrderedGroup[];
  /** Of each group. */
  readonly outcomes: readonly (readonly Outcome[])[];
  /** `stages[k]`: after `k` groups. */
  readonly stages: readonly Stage[];
}

export const conformanceGenesis: Position = genesisPosition(
  digestAs<Epoch>(hash('federation', digest().encode(hash('genesis')))),
);

/** Works out what groups of batches lead to. */
export function historyOf(
  genesis: Position,
  contents: readonly { batches: readonly OrderedBatch[]; partitions?: readonly (readonly number[])[] }[],
): History {
  const groups: OrderedGroup[] = [];
  for (const { batches, partitions } of contents)
    groups.push(orderedGroup(groups[groups.length - 1]?.position ?? genesis, batches, partitions));
  const live: OrderedTransaction[] = [];
  const outcomes: Outcome[][] = [];
  const stages: Stage[] = [stageOf(genesis, new Map())];
  for (const group of groups) {
    const before = live.length;
    for (const batch of group.batches) if (!batch.void) live.push(...batch.transactions);
    const replay = singleThreadedReplay(live, documentMachine);
    const fresh = replay.outcomes.slice(before).values();
    outcomes.push(
      group.batches.flatMap((batch) =>
        batch.transactions.map((): Outcome => (batch.void ? { status: 'void' } : fresh.next().value!)),
      ),
    );
    stages.push(stageOf(group.position, replay.documents));
  }
  return { genesis, groups, outcomes, stages };
}

const stageOf = (position: Position, documents: ReadonlyMap<string, Document>): Stage => ({
  position,
  stateRoot: replayRoot(documents),
  count: documents.size,
  documents,
});

const create = (id: string, document: Document): Operation => ({ op: 'create', id, document });
const patch = (id: string, change: Document): Operation => ({ op: 'patch', id, patch: change });
const remove = (id: string): Operation => ({ op: 'delete', id });

/** Big enough that a snapshot takes several chunks. */
const bulk = (letter: string): Document => ({ text: letter.repeat(150_000) });

/** One of everything: every operation, every outcome, every kind of dependency list, an empty group. */
export function conformanceHistory(): History {
  return historyOf(conformanceGenesis, [
    {
      batches: [
        sketchBatch(1, [{ ops: [create('a', { n: 1 })] }, { ops: [create('b', [1, 2])] }]),
        sketchBatch(2, [{ ops: [create('\u00e9', 'text'), create('\u{1f600}', null)] }]),
      ],
      partitions: [[0], [1]],
    },
    {
      batches: [
        sketchBatch(3, [
          { ops: [patch('a', { n: null, m: { x: 1 } })] },
          { ops: [create('a', 1)] },
          { ops: [create('c', 1), patch('missing', {})] },
          { ops: [remove('b')], verdict: 'rejected' },
          { ops: [remove('b')], verdict: 'duplicate' },
        ]),
        sketchBatch(4, [{ ops: [remove('a')] }], true),
      ],
    },
    { batches: [] },
    {
      batches: [
        sketchBatch(5, [
          { ops: [create('d', 1)], dependencies: documentDependencies([{ id: 'e' }]) },
          { ops: [create('e', 1), remove('b')], dependencies: null },
          { ops: [create('f', 1)], dependencies: [] },
          { body: Uint8Array.of(0xff) },
        ]),
        sketchBatch(6, [{ ops: [create('b', { again: true }), patch('b', { again: false })] }]),
      ],
    },
    {
      batches: [
        sketchBatch(
          7,
          ['x', 'y', 'z'].map((id) => ({ ops: [create(id, bulk(id))] })),
        ),
      ],
    },
    { batches: [sketchBatch(8, [{ ops: [remove('x'), patch('a', { last: true })] }])] },
  ]);
}
