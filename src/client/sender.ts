/**
 * Carries transactions to signers and brings their receipts back. One lane a signer: what is submitted
 * while its connections are busy goes out together, so many concurrent submits are few requests.
 *
 * Rules:
 * 1. The id is the idempotency key. After any failure the very same transaction goes to the next
 *    signer; nothing is given up before its deadline, and nothing can be executed twice.
 * 2. Asking for finality is sending it again with `wait`: whoever is asked then knows it, whatever became
 *    of the signer before.
 * 3. A request waits no longer than a few times the usual latency. What is not final by then is asked for
 *    again among the slow ones, on connections of their own, so that a contested transaction does not
 *    delay the receipts of others.
 * 4. Nothing is reached without a receipt that verifies. A signer that gives another one has failed.
 */

import { type ErrorJson, type ResultJson, requestTransactionsMax, type Wait } from '../messages/http.ts';
import { type Answer, type Fetch, submitTransactions } from './http.ts';
import type { Job } from './job.ts';
import type { ReceiptChecker } from './receipts.ts';
import { jittered, type Router } from './router.ts';

export interface SenderOptions {
  readonly fetch: Fetch;
  readonly router: Router;
  readonly receipts: ReceiptChecker;
  /** Connections to one signer for what is fresh. */
  readonly connections: number;
  /** A signer that has not answered this long after it should have is taken for dead, in milliseconds. */
  readonly stallMs: number;
}

/** Connections to one signer for what is slow, or waits for a block. */
const slowConnections = 2;
/** Bytes of transactions in one request, unless one alone has more. */
const requestBytes = 1 << 20;
/** How long what is slow is waited for, and acceptance. */
const waitMs = { accepted: 2000, score: 500, order: 2000 } as const satisfies Record<Wait, number>;
const patienceMsMin = 50;
const patienceMsMax = 2000;
const retryMsMax = 5000;

/** What goes together in one request. */
interface Group {
  readonly wait: Wait;
  readonly slow: boolean;
  readonly jobs: Job[];
}

interface Lane {
  queue: Job[];
  fresh: number;
  slow: number;
  scheduled: boolean;
}

const nextTurn: (run: () => void) => void =
  typeof setImmediate === 'function' ? (run) => setImmediate(run) : (run) => setTimeout(run, 0);

export class Sender {
  readonly #options: SenderOptions;
  readonly #lanes: Lane[];
  readonly #requests = new Set<AbortController>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Smoothed time to finality in milliseconds. */
  #latencyMs = 100;
  #closed = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#lanes = options.router.urls.map(() => ({ queue: [], fresh: 0, slow: 0, scheduled: false }));
  }

  /** Takes a job up, or again when somebody wants more of it. */
  take(job: Job): void {
    if (job.busy || this.#closed || job.wait === undefined) return;
    job.busy = true;
    this.#enqueue(job);
  }

  close(): void {
    this.#closed = true;
    for (const request of this.#requests) request.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #enqueue(job: Job): void {
    const { signer, inMs } = this.#options.router.pick(job.home, Date.now());
    if (inMs > 0) {
      this.#later(inMs, job);
      return;
    }
    this.#lanes[signer]!.queue.push(job);
    this.#schedule(signer);
  }

  #later(ms: number, job: Job): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#enqueue(job);
    }, ms);
    this.#timers.add(timer);
  }

  /** At the end of this turn, so that everything submitted in it goes together. */
  #schedule(signer: number): void {
    const lane = this.#lanes[signer]!;
    if (lane.scheduled) return;
    lane.scheduled = true;
    nextTurn(() => {
      lane.scheduled = false;
      if (!this.#closed) this.#pump(signer);
    });
  }

  #pump(signer: number): void {
    const lane = this.#lanes[signer]!;
    const groups = groupsOf(lane.queue);
    lane.queue = [];
    for (const group of groups) {
      const free = group.slow ? lane.slow < slowConnections : lane.fresh < this.#options.connections;
      if (free) void this.#send(signer, group);
      else lane.queue.push(...group.jobs);
    }
  }

  async #send(signer: number, group: Group): Promise<void> {
    const lane = this.#lanes[signer]!;
    const { wait, slow, jobs } = group;
    const timeoutMs = slow || wait === 'accepted' ? waitMs[wait] : this.#patienceMs;
    const request = new AbortController();
    const stalled = setTimeout(
      () => request.abort(new Error('no answer in time')),
      timeoutMs + this.#options.stallMs,
    );
    this.#requests.add(request);
    if (slow) lane.slow += 1;
    else lane.fresh += 1;
    for (const job of jobs) job.travelling = true;
    const started = Date.now();
    const answer = await submitTransactions(this.#options.fetch, {
      url: this.#options.router.urls[signer]!,
      transactions: jobs.map((job) => job.text),
      wait,
      timeoutMs,
      signal: request.signal,
    });
    clearTimeout(stalled);
    for (const job of jobs) job.travelling = false;
    this.#requests.delete(request);
    if (slow) lane.slow -= 1;
    else lane.fresh -= 1;
    if (this.#closed) return;
    this.#settle(signer, group, answer, Date.now() - started);
    this.#schedule(signer);
  }

  get #patienceMs(): number {
    return Math.min(Math.max(4 * this.#latencyMs, patienceMsMin), patienceMsMax);
  }

  #settle(signer: number, group: Group, answer: Answer, tookMs: number): void {
    const { router } = this.#options;
    const { jobs } = group;
    if (answer.kind === 'results') {
      router.succeeded(signer);
      jobs.forEach((job, i) => {
        this.#result(signer, group, job, answer.results[i]!, tookMs);
      });
      return;
    }
    if (answer.kind === 'failed') {
      router.failed(signer, Date.now());
      for (const job of jobs) {
        if (answer.arrived) job.sent = true;
        job.trouble = `${router.urls[signer]}: ${answer.message}`;
      }
      this.#moveAway(signer, jobs);
      return;
    }
    const { error } = answer;
    for (const job of jobs) {
      if (error.outcome === 'unknown') job.sent = true;
      job.trouble = `${router.urls[signer]}: ${error.code}: ${error.message}`;
    }
    if (error.retryable) {
      router.overloaded(signer, Date.now(), error.retryAfterMs ?? 100);
      this.#moveAway(signer, jobs);
    } else if (jobs.length > 1) {
      for (const job of jobs) {
        job.alone = true;
        this.#again(job);
      }
    } else for (const job of jobs) this.#refused(signer, job, error);
  }

  /** To other signers, with whatever still waits in the lane. */
  #moveAway(signer: number, jobs: readonly Job[]): void {
    const lane = this.#lanes[signer]!;
    const waiting = lane.queue;
    lane.queue = [];
    for (const job of [...jobs, ...waiting]) this.#again(job);
  }

  /** Back into a queue, if there is still something to ask for. */
  #again(job: Job, inMs = 0): void {
    if (job.wait === undefined) job.rest();
    else if (inMs > 0) this.#later(inMs, job);
    else this.#enqueue(job);
  }

  #result(signer: number, group: Group, job: Job, result: ResultJson, tookMs: number): void {
    if (result.id !== job.id) {
      this.#untrusted(signer, job, 'it answered for another transaction');
      return;
    }
    if (result.error) {
      this.#refused(signer, job, result.error);
      return;
    }
    if (result.receipt === undefined) {
      job.accept();
      if (group.wait !== 'accepted') job.asks += 1;
      // Not in a tight circle when the signer does not wait as it was asked to.
      this.#again(job, group.wait === 'accepted' ? 0 : Math.max(0, patienceMsMin - tookMs));
      return;
    }
    const receipt = this.#options.receipts.check(result.receipt, job);
    if (!receipt.ok) {
      this.#untrusted(signer, job, `its receipt is not valid: ${receipt.error.message}`);
      return;
    }
    if (group.wait === 'score') this.#latencyMs += (tookMs - this.#latencyMs) / 16;
    job.receive(receipt.value);
    const tooEarly = group.wait === 'order' && receipt.value.finality === 'score';
    this.#again(job, tooEarly ? Math.max(0, patienceMsMin - tookMs) : 0);
  }

  /** It said what cannot be: a signer to stay away from. */
  #untrusted(signer: number, job: Job, trouble: string): void {
    job.sent = true;
    job.trouble = `${this.#options.router.urls[signer]}: ${trouble}`;
    this.#options.router.failed(signer, Date.now());
    this.#again(job);
  }

  #refused(signer: number, job: Job, error: ErrorJson): void {
    if (!error.retryable) {
      job.fail(error.code, error.message, false, error.outcome);
      job.rest();
      return;
    }
    if (error.outcome === 'unknown') job.sent = true;
    job.trouble = `${this.#options.router.urls[signer]}: ${error.code}: ${error.message}`;
    const inMs = Math.min(error.retryAfterMs ?? 100, retryMsMax);
    if (error.code === 'OVERLOADED') {
      this.#options.router.overloaded(signer, Date.now(), inMs);
      this.#again(job);
    } else this.#again(job, jittered(inMs));
  }
}

/** What waits, as requests: equal waits together, within the bounds, in order. */
function groupsOf(queue: readonly Job[]): Group[] {
  const groups: Group[] = [];
  const open = new Map<string, { group: Group; bytes: number }>();
  for (const job of queue) {
    const wait = job.wait;
    if (wait === undefined) {
      job.rest();
      continue;
    }
    const slow = wait === 'order' || (wait === 'score' && job.asks > 0);
    const key = `${wait}/${slow}`;
    const last = open.get(key);
    const bytes = job.text.length;
    if (
      last &&
      !job.alone &&
      last.group.jobs.length < requestTransactionsMax &&
      last.bytes + bytes <= requestBytes
    ) {
      last.group.jobs.push(job);
      last.bytes += bytes;
      continue;
    }
    const group: Group = { wait, slow, jobs: [job] };
    groups.push(group);
    if (!job.alone) open.set(key, { group, bytes });
  }
  return groups;
}
