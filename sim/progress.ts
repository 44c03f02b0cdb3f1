/** Liveness: once faults end, everything that was accepted is ordered everywhere within a bound. */

import type { TransactionId } from '../src/base/ids.ts';
import type { Batch } from '../src/messages/batch.ts';
import type { Progress, Recorder } from './checkers/history.ts';
import type { World } from './world.ts';

const lookEveryMs = 25;
/** New transactions that ask whether a federation still works; a contested one for each signer costs n^3. */
const probesMax = 10;

export interface Demand {
  readonly boundMs: number;
  /** Whether new, conflicting transactions are sent: after faults and beside liars. */
  readonly probe: boolean;
}

/** Everything that was accepted, and new transactions at honest signers, must be ordered within a bound. */
export function demandProgress(world: World, recorder: Recorder, { boundMs, probe }: Demand): Progress {
  const honest = world.nodes.filter((node) => !world.byzantine.has(node.signer.id));
  for (const { signer } of probe ? honest.slice(0, probesMax) : [])
    world.submit(signer.id, world.transaction(['after the faults']));
  const before = new Set(honest.flatMap(({ engine }) => [...(engine?.order.ahead.keys() ?? [])]));
  let open = runUntilDone(world, recorder, boundMs);
  // A liar that goes on and on may have batches on their way at any moment: then it must stop, and these be ordered.
  const isOwed = ({ id, header }: Batch) => before.has(id) || !world.byzantine.has(header.ingress);
  if (open.length > 0 && openWork(world, recorder, isOwed).length === 0) {
    for (const liar of world.byzantine)
      for (const { signer } of honest) {
        world.network.setCut(liar, signer.id, true);
        world.network.setCut(signer.id, liar, true);
      }
    open = runUntilDone(world, recorder, boundMs);
  }
  return { boundMs, reached: open.length === 0, open };
}

/** What is open when nothing is, or the time is over. */
function runUntilDone(world: World, recorder: Recorder, boundMs: number): string[] {
  const until = world.now + boundMs;
  let open = openWork(world, recorder);
  while (open.length > 0 && world.now < until && world.failures.length === 0) {
    world.run(world.now + lookEveryMs);
    open = openWork(world, recorder);
  }
  return open;
}

const any = (): boolean => true;

/** What is not finished yet, in words; a few pieces are enough. @param counts batches that must be in a block */
function openWork(world: World, recorder: Recorder, counts: (batch: Batch) => boolean = any): string[] {
  const accepted = recorder.acceptedTransactions;
  const open: string[] = [];
  // Heights may differ by empty blocks, which nobody waits for.
  const sizes = new Set<number>();
  for (const { engine, signer } of world.nodes) {
    if (world.byzantine.has(signer.id)) continue;
    if (!engine) {
      open.push(`s${signer.id} is down`);
      continue;
    }
    const { committed } = engine.order;
    const ahead = [...engine.order.ahead.values()].filter(({ batch }) => counts(batch));
    sizes.add(committed.frontier.size);
    const { queued } = engine.status();
    if (queued > 0) open.push(`s${signer.id} has ${queued} transactions queued`);
    if (ahead.length > 0) open.push(`s${signer.id} has ${ahead.length} batches that are in no block`);
    const missing = countMissing(accepted, (id) => committed.transactionSeen(id));
    if (missing > 0) open.push(`s${signer.id} lacks ${missing} of ${accepted.size} accepted transactions`);
  }
  if (sizes.size > 1) open.push(`orders differ in length: ${[...sizes].join()}`);
  return open;
}

function countMissing(ids: ReadonlySet<TransactionId>, seen: (id: TransactionId) => boolean): number {
  let missing = 0;
  for (const id of ids) if (!seen(id)) missing += 1;
  return missing;
}
