/**
 * Sends a workload, each author a client of its own, with a bounded number in flight. An author waits for its
 * own earlier edits of the same documents, as a person does; different authors race.
 */

import { utf8 } from '../../base/bytes.ts';
import type { Client, SubmittedTransaction } from '../../client/client.ts';
import type { Receipt } from '../../messages/receipt.ts';
import { documentDependencies, encodeOperations } from '../../peer/machine/documents.ts';
import type { WorkloadLine } from './workload.ts';

export interface LoadOptions {
  readonly lines: readonly WorkloadLine[];
  readonly client: Client;
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
  /** What was submitted, to ask for receipts by order. */
  readonly submitted: readonly SubmittedTransaction[];
}

/** Runs the whole workload. @throws the first client error: every transaction must end with a receipt. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { lines, client, inFlight, timeoutMs, progress } = options;
  const receipts: Receipt[] = [];
  const latenciesMs: number[] = [];
  const all: SubmittedTransaction[] = [];
  /** Last edit in flight of each author's document. */
  const own = new Map<string, Promise<unknown>>();
  let next = 0;
  const startedAt = performance.now();

  const send = async (line: WorkloadLine): Promise<void> => {
    const sentAt = performance.now();
    const submitted = client.submit(encodeOperations(line.operations, { at: line.at, author: line.author }), {
      deps: documentDependencies(line.operations),
      clientId: utf8(`author-${line.author}`),
      timeoutMs,
    });
    all.push(submitted);
    receipts.push(await submitted.final);
    latenciesMs.push(performance.now() - sentAt);
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
  return { receipts, latenciesMs, seconds: (performance.now() - startedAt) / 1000, submitted: all };
}

/** The value below which a share of the sorted values lies. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
