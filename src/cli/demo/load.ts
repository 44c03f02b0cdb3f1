/**
 * Sends a workload through a client per author, with a bounded number in flight. An author waits for its
 * own earlier edits of the same documents, as a person does; different authors race.
 */

import type { Client } from '../../client/client.ts';
import type { Receipt } from '../../messages/receipt.ts';
import { documentDependencies, encodeOperations } from '../../peer/machine/documents.ts';
import type { WorkloadLine } from './workload.ts';

export interface LoadOptions {
  readonly lines: readonly WorkloadLine[];
  /** The client of an author. */
  readonly clientOf: (author: number) => Client;
  readonly inFlight: number;
  readonly timeoutMs: number;
  readonly progress: (done: number) => void;
}

/** What became of the workload, as its clients saw it. */
export interface LoadResult {
  readonly receipts: readonly Receipt[];
  /** Milliseconds from submission to a verified receipt, ascending. */
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
  /** The promises of receipts by order, one a transaction. */
  readonly ordered: readonly Promise<Receipt>[];
}

/** Runs the whole workload. @throws the first client error: every transaction must end with a receipt. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { lines, clientOf, inFlight, timeoutMs, progress } = options;
  const receipts: Receipt[] = [];
  const latenciesMs: number[] = [];
  const ordered: Promise<Receipt>[] = [];
  /** Last edit in flight of each author's document. */
  const own = new Map<string, Promise<unknown>>();
  let next = 0;
  const startedAt = performance.now();

  const send = async (line: WorkloadLine): Promise<void> => {
    const sentAt = performance.now();
    const submitted = clientOf(line.author).submit(
      encodeOperations(line.operations, { at: line.at, author: line.author }),
      { deps: documentDependencies(line.operations), timeoutMs },
    );
    receipts.push(await submitted.final);
    latenciesMs.push(performance.now() - sentAt);
    ordered.push(submitted.ordered);
    progress(receipts.length);
  };

  const worker = async (): Promise<void> => {
    for (let line = lines[next++]; line; line = lines[next++]) {
      const keys = line.operations.map(({ id }) => `${line.author}/${id}`);
      const earlier = keys.map((key) => own.get(key));
      const done = Promise.all(earlier).then(() => send(line));
      for (const key of keys) own.set(key, done);
      await done;
      for (const key of keys) if (own.get(key) === done) own.delete(key);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  latenciesMs.sort((a, b) => a - b);
  return { receipts, latenciesMs, seconds: (performance.now() - startedAt) / 1000, ordered };
}

/** The value below which a share of the sorted values lies. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
