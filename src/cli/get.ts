/** `musig-paxos get`: one document, as a learner has it. */

import { z } from 'zod';
import { accept, type Result, refuse } from '../base/result.ts';
import { baseUrl } from '../messages/config-file.ts';
import { idFault } from '../peer/machine/json.ts';

export interface GetOptions {
  readonly id: string;
  /** Base URL of a learner. */
  readonly from: string;
  readonly timeoutMs?: number;
}

/** What `get --json` prints. */
export interface GetResult {
  readonly id: string;
  readonly document: unknown;
  /** Where the learner was at least: groups applied, and the hash of its log. */
  readonly position: { readonly sequence: number; readonly hash: string };
}

const timeoutMsDefault = 10_000;

const answerJson = z.object({
  id: z.string(),
  document: z.unknown(),
  position: z.object({ sequence: z.number(), hash: z.string() }),
});

const quote = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text).replace(/\p{C}/gu, '?');

/** Why a request failed, in a word or two. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  return cause?.code ?? (error instanceof Error ? error.message : String(error));
}

async function ask(url: string, timeoutMs: number): Promise<Result<{ status: number; body: unknown }>> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return refuse('GET_UNREACHABLE', `(${reasonOf(error)})`);
  }
  try {
    return accept({ status, body: JSON.parse(text) as unknown });
  } catch {
    return accept({ status, body: undefined });
  }
}

/** Asks a learner for a document. A refusal is one line that names the flag or the document. */
export async function getCommand(
  options: GetOptions,
): Promise<Result<{ readonly text: string; readonly json: GetResult }>> {
  const { id } = options;
  const from = options.from.replace(/\/$/, '');
  if (!baseUrl.safeParse(from).success)
    return refuse('BAD_OPTION', '--from: expected a URL without a path, as in http://127.0.0.1:7400');
  const fault = idFault(id);
  if (fault !== undefined) return refuse('BAD_OPTION', `id: ${fault}`);
  const answer = await ask(
    `${from}/v1/documents/${encodeURIComponent(id)}`,
    options.timeoutMs ?? timeoutMsDefault,
  );
  if (!answer.ok)
    return refuse(answer.error.code, `--from: ${from} cannot be reached ${answer.error.message}`);
  const { status, body } = answer.value;
  const code = (body as { code?: unknown } | undefined)?.code;
  if (code === 'DOCUMENT_UNKNOWN') return refuse(code, `${from} has no document ${quote(id)}`);
  if (code === 'NOT_READABLE') return refuse(code, `--from: ${from} cannot read its documents back`);
  const found = answerJson.safeParse(body);
  if (status !== 200 || !found.success || found.data.id !== id)
    return refuse('GET_ANSWER', `--from: ${from} did not answer like a learner (status ${status})`);
  const json: GetResult = { ...found.data, document: found.data.document };
  return accept({ text: `${JSON.stringify(json.document, undefined, 2)}\n`, json });
}
