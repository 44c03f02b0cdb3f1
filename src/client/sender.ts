/**
 * Carries transactions to signers and brings their receipts back. One lane a signer: a submission stream where
 * there are WebSockets (`submit-stream.ts`), else requests over HTTP, which are also what is left when a stream
 * cannot be opened. What is submitted in one turn, or while connections are busy, goes out together.
 *
 * Rules:
 * 1. The id is the idempotency key. After any failure the very same transaction goes to the next
 *    signer; nothing is given up before its deadline, and nothing can be executed twice.
 * 2. Asking for finality is sending it again with `wait`: whoever is asked then knows it, whatever became
 *    of the signer before.
 * 3. What is slow delays nothing else. On a stream each transaction is answered by itself. A request waits no
 *    longer than a few times the usual latency; what is not final by then is asked for again among the slow
 *    ones, on connections of their own.
 * 4. Nothing is reached without a receipt that verifies. A signer that gives another one has failed.
 */

import type { ErrorJson, ResultJson, Wait } from '../messages/http.ts';
import type { Receipt } from '../messages/receipt.ts';
import { type Group, groupsOf, requests, shipments } from './groups.ts';
import { type Answer, type Fetch, submitTransactions } from './http.ts';
import type { Job } from './job.ts';
import type { ReceiptChecker } from './receipts.ts';
import { jittered, type Router } from './router.ts';
import { type StreamOwner, SubmitStream } from './submit-stream.ts';
import type { WebSocketLike } from './subscribe.ts';

export interface SenderOptions {
  readonly fetch: Fetch;
  /** Opens WebSockets, where there are any: then streams are used. */
  readonly webSocket: ((url: string) => WebSocketLike) | undefined;
  readonly router: Router;
  readonly receipts: ReceiptChecker;
  /** Connections to one signer for what is fresh, over HTTP. */
  readonly connections: number;
  /** A signer that has not answered this long after it should have is taken for dead, in milliseconds. */
  readonly stallMs: number;
}

/** Connections to one signer for what is slow, or waits for a block. */
const slowConnections = 2;
/** How long what is slow is waited for, and acceptance. */
const waitMs = { accepted: 2000, score: 500, order: 2000 } as const satisfies Record<Wait, number>;
/** How long an answer on a stream may take before the signer says that there is none yet. */
const streamWaitMs = 1000;
const patienceMsMin = 50;
const patienceMsMax = 2000;
const retryMsMax = 5000;
/** How long HTTP is used after a stream could not be opened, twice as long each time in a row. */
const withoutStreamMsMin = 5000;
const withoutStreamMsMax = 300_000;
/** When to look again whether a socket has taken what it was given. */
const fullMs = 5;

interface Lane {
  queue: Job[];
  scheduled: boolean;
  stream: SubmitStream | undefined;
  /** HTTP is used until then. */
  httpUntil: number;
  /** Streams in a row that could not be opened. */
  refusals: number;
  /** Requests under way over HTTP. */
  fresh: number;
  slow: number;
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
    this.#lanes = options.router.urls.map(() => ({
      queue: [],
      scheduled: false,
      stream: undefined,
      httpUntil: options.webSocket ? 0 : Number.POSITIVE_INFINITY,
      refusals: 0,
      fresh: 0,
      slow: 0,
    }));
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
    for (const lane of this.#lanes) lane.stream?.end(undefined);
  }

  #enqueue(job: Job): void {
    const signer = this.#options.router.free(job.home);
    if (signer >= 0) {
      this.#lanes[signer]!.queue.push(job);
      this.#schedule(signer);
      return;
    }
    const later = this.#options.router.pick(job.home, Date.now());
    this.#later(later.inMs, () => this.#enqueue(job));
  }

  #later(ms: number, run: () => void): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
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
    if (lane.queue.length === 0) return;
    const stream = this.#streamOf(signer);
    if (stream) this.#ship(signer, stream);
    else this.#post(signer);
  }

  /** The stream of a lane, opened if need be; undefined when it is to use HTTP. */
  #streamOf(signer: number): SubmitStream | undefined {
    const lane = this.#lanes[signer]!;
    const { webSocket, router, receipts, stallMs } = this.#options;
    if (lane.stream || !webSocket || lane.httpUntil > Date.now()) return lane.stream;
    try {
      const socket = webSocket(`${router.urls[signer]!.replace(/^http/, 'ws')}/v1/submit`);
      lane.stream = new SubmitStream({ socket, receipts, owner: this.#ownerOf(signer), stallMs });
    } catch {
      // No WebSocket to this address; a browser may forbid it. Requests say what is wrong, if anything is.
      this.#withoutStream(lane);
    }
    return lane.stream;
  }

  #withoutStream(lane: Lane): void {
    const ms = Math.min(withoutStreamMsMin * 2 ** Math.min(lane.refusals, 10), withoutStreamMsMax);
    lane.refusals += 1;
    lane.httpUntil = Date.now() + ms;
  }

  /** What waits in a lane, as messages of its stream. */
  #ship(signer: number, stream: SubmitStream): void {
    const lane = this.#lanes[signer]!;
    const room = stream.room;
    const taken = room < lane.queue.length ? lane.queue.splice(0, room) : lane.queue;
    if (taken === lane.queue) lane.queue = [];
    const now = performance.now();
    for (const { wait, jobs } of groupsOf(taken, shipments)) stream.send(jobs, wait, streamWaitMs, now);
    // Answers and the opening wake the lane; a socket that is full does not say when it is empty again.
    if (lane.queue.length > 0 && stream.isFull) this.#later(fullMs, () => this.#schedule(signer));
  }

  /** What the answers of a signer's stream mean. */
  #ownerOf(signer: number): StreamOwner {
    const lane = this.#lanes[signer]!;
    const { router } = this.#options;
    return {
      ready: () => {
        lane.refusals = 0;
        router.answered(signer);
        if (lane.queue.length > 0) this.#schedule(signer);
      },
      accepted: (job) => {
        job.accept();
        this.#again(job);
      },
      open: (job) => {
        job.accept();
        job.asks += 1;
        this.#again(job, this.#restOf(job));
      },
      refused: (job, error) => this.#refused(signer, job, error),
      received: (job, receipt, tookMs) => this.#received(job, receipt, job.shipment!.wait, tookMs),
      ended: (jobs, why, opened) => this.#ended(signer, jobs, why, opened),
    };
  }

  /** Not in a tight circle when the signer does not wait as it was asked to. */
  #restOf(job: Job): number {
    return Math.max(0, patienceMsMin - (performance.now() - job.shipment!.sentAt));
  }

  #ended(signer: number, jobs: readonly Job[], why: string | undefined, opened: boolean): void {
    const lane = this.#lanes[signer]!;
    lane.stream = undefined;
    if (this.#closed) return;
    if (opened && why !== undefined && jobs.length > 0) {
      this.#options.router.failed(signer, Date.now());
      for (const job of jobs) job.trouble = `${this.#options.router.urls[signer]}: ${why}`;
      this.#moveAway(signer, jobs);
      return;
    }
    if (!opened) this.#withoutStream(lane);
    if (lane.queue.length > 0) this.#schedule(signer);
  }

  /** What waits in a lane, as requests. */
  #post(signer: number): void {
    const lane = this.#lanes[signer]!;
    const groups = groupsOf(lane.queue, requests);
    lane.queue = [];
    for (const group of groups) {
      const free = group.slow ? lane.slow < slowConnections : lane.fresh < this.#options.connections;
      if (free) void this.#request(signer, group);
      else lane.queue.push(...group.jobs);
    }
  }

  async #request(signer: number, group: Group): Promise<void> {
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
    else if (inMs > 0) this.#later(inMs, () => this.#enqueue(job));
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
    if (receipt.ok) this.#received(job, receipt.value, group.wait, tookMs);
    else this.#untrusted(signer, job, `its receipt is not valid: ${receipt.error.message}`);
  }

  /** @param receipt verified. */
  #received(job: Job, receipt: Receipt, wait: Wait, tookMs: number): void {
    if (wait === 'score') this.#latencyMs += (tookMs - this.#latencyMs) / 16;
    job.receive(receipt);
    const tooEarly = wait === 'order' && receipt.finality === 'score';
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
    if (error.code === 'OVERLOADED' || error.code === 'STOPPING') {
      this.#options.router.overloaded(signer, Date.now(), inMs);
      this.#again(job);
    } else this.#again(job, jittered(inMs));
  }
}
