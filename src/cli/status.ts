/** `musig-paxos status`: what a signer, or a learner, says of itself. */

import { z } from 'zod';
import { accept, type Result, refuse } from '../base/result.ts';
import { baseUrl } from '../messages/config-file.ts';

export interface StatusOptions {
  /** Base URL of the node. */
  readonly to: string;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 5000;

/** What is shown of a signer's status; more may be in it. */
const signerStatus = z.object({
  version: z.string(),
  federation: z.string(),
  epoch: z.string(),
  self: z.number(),
  name: z.string(),
  quorum: z.object({ n: z.number(), q: z.number(), slack: z.number(), threshold: z.number() }),
  height: z.number(),
  engine: z.object({
    view: z.number(),
    leader: z.number(),
    orderSize: z.number(),
    transactions: z.number(),
    accepted: z.number(),
    ahead: z.number(),
    waiting: z.number(),
    queued: z.number(),
    suspected: z.array(z.number()),
  }),
  connected: z.array(z.number()),
  ready: z.boolean(),
  notReady: z.string().optional(),
  queuedBytes: z.number(),
  open: z.number(),
  streams: z.number(),
  evidence: z.number(),
  uptimeSeconds: z.number(),
});
type ShownStatus = z.output<typeof signerStatus>;

/** Why a request failed, in a word or two. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code ?? (error instanceof Error ? error.message : String(error));
}

async function fetchStatus(url: string, timeoutMs: number): Promise<Result<Record<string, unknown>>> {
  let text: string;
  try {
    const response = await fetch(`${url}/v1/status`, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) return refuse('STATUS_ANSWER', `--to: ${url} answered ${response.status}`);
    text = await response.text();
  } catch (error) {
    return refuse('STATUS_UNREACHABLE', `--to: ${url} cannot be reached (${reasonOf(error)})`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
    return accept(value as Record<string, unknown>);
  } catch {
    return refuse(
      'STATUS_ANSWER',
      `--to: ${url} is not a signer or a learner: its status is not a JSON object`,
    );
  }
}

/** Names and values in two columns. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  // What a node says must not drive the terminal.
  const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');
  return rows.map(([name, value]) => `${printable(name).padEnd(width)}  ${printable(value)}`).join('\n');
}

function describeSigner(status: ShownStatus): string {
  const { quorum, engine } = status;
  const list = (ids: readonly number[]): string => (ids.length === 0 ? 'none' : ids.join(', '));
  return columns([
    ['signer', `${status.self} (${status.name}) of ${quorum.n}, federation ${status.federation}`],
    ['epoch', status.epoch],
    ['version', `${status.version}, up ${status.uptimeSeconds} s`],
    ['state', status.ready ? 'ready' : `not ready: ${status.notReady}`],
    ['connected', list(status.connected)],
    ['suspected', list(engine.suspected)],
    ['quorum', `${quorum.q} of ${quorum.n}; final by score at ${quorum.threshold} (slack ${quorum.slack})`],
    ['order', `height ${status.height}, ${engine.orderSize} batches, ${engine.transactions} transactions`],
    ['agreement', `view ${engine.view}, leader ${engine.leader}`],
    [
      'batches',
      `${engine.accepted} accepted and not committed, ${engine.ahead} of them final by score, ` +
        `${engine.waiting} certified and not final`,
    ],
    ['clients', `${status.open} transactions open, ${engine.queued} queued (${status.queuedBytes} bytes)`],
    ['streams', String(status.streams)],
    ['evidence', String(status.evidence)],
  ]);
}

/** Whatever another kind of node says, one line a value. */
const describeAny = (status: Record<string, unknown>): string =>
  columns(
    Object.entries(status).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

/** Asks a node for its state. A refusal names the flag. */
export async function statusCommand(
  options: StatusOptions,
): Promise<Result<{ readonly text: string; readonly json: Record<string, unknown> }>> {
  const url = options.to.replace(/\/$/, '');
  if (!baseUrl.safeParse(url).success)
    return refuse('BAD_OPTION', '--to: expected a URL without a path, as in http://127.0.0.1:7200');
  const status = await fetchStatus(url, options.timeoutMs ?? defaultTimeoutMs);
  if (!status.ok) return status;
  const json = status.value;
  const signer = signerStatus.safeParse(json);
  const text = signer.success ? describeSigner(signer.data) : describeAny(json);
  return accept({ text: `${text}\n`, json });
}
