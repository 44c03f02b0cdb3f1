/** What waits in a lane, put together as it travels: in requests, or in messages of a stream. */

import { requestTransactionsMax, type Wait } from '../messages/http.ts';
import { submitTransactionsMax } from '../messages/submission.ts';
import type { Job } from './job.ts';

/** Bytes of transactions in one request or message, unless one alone has more. */
const bytesMax = 1 << 20;

/** What goes together in one request or message. */
export interface Group {
  readonly wait: Wait;
  readonly slow: boolean;
  readonly jobs: Job[];
}

/** Bounds of what goes together. */
interface Bounds {
  readonly countMax: number;
  readonly sizeOf: (job: Job) => number;
}

/** Of a request over HTTP. */
export const requests: Bounds = { countMax: requestTransactionsMax, sizeOf: (job) => job.text.length };
/** Of a message of a stream. */
export const shipments: Bounds = { countMax: submitTransactionsMax, sizeOf: (job) => job.raw.length };

/** What waits, as requests or messages: equal waits together, within the bounds, in order. */
export function groupsOf(queue: readonly Job[], { countMax, sizeOf }: Bounds): Group[] {
  const groups: Group[] = [];
  const open: Record<string, { group: Group; bytes: number } | undefined> = {};
  for (const job of queue) {
    const wait = job.wait;
    if (wait === undefined) {
      job.rest();
      continue;
    }
    const slow = wait === 'order' || (wait === 'score' && job.asks > 0);
    const key = slow && wait === 'score' ? 'slow' : wait;
    const last = open[key];
    const bytes = sizeOf(job);
    if (last && !job.alone && last.group.jobs.length < countMax && last.bytes + bytes <= bytesMax) {
      last.group.jobs.push(job);
      last.bytes += bytes;
      continue;
    }
    const group: Group = { wait, slow, jobs: [job] };
    groups.push(group);
    if (!job.alone) open[key] = { group, bytes };
  }
  return groups;
}
