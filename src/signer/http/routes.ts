/**
 * The client-facing routes of a signer (interfaces, "Signer, client-facing"). They read requests, hand
 * them to who knows, and choose the status; the forms are those of `messages/http.ts`.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parse as parseToml } from 'smol-toml';
import type { Height, TransactionId } from '../../base/ids.ts';
import type { Result } from '../../base/result.ts';
import { refuse } from '../../base/result.ts';
import type { Federation } from '../../messages/federation.ts';
import { formatFederation } from '../../messages/federation-file.ts';
import { checkJson, decodeSubmitJson, type ResultJson, waitMsMax, waitQuery } from '../../messages/http.ts';
import { submitPath } from '../../messages/submission.ts';
import type { CommittedOrder } from '../../ordering/committed.ts';
import { type HttpError, invalid } from '../errors.ts';
import type { Feed } from '../feed.ts';
import type { History } from '../history.ts';
import type { SignerStatus } from '../status.ts';
import { streamPath } from '../stream-server.ts';
import type { Transactions, WaitOptions } from '../transactions.ts';
import { blockJson } from './block-json.ts';
import { schemas } from './openapi.ts';

export interface RouteContext {
  readonly federation: Federation;
  readonly epoch: SignerStatus['epoch'];
  readonly transactions: Transactions;
  readonly feed: Feed;
  readonly history: History;
  readonly committed: Pick<CommittedOrder, 'positionOf' | 'placeAt'>;
  readonly status: () => SignerStatus;
}

const defaultWaitMs = 30_000;

const isError = (value: object): value is HttpError => 'status' in value && 'error' in value;

const fail = (reply: FastifyReply, { status, error }: HttpError): FastifyReply => {
  if (error.retryAfterMs !== undefined)
    reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  return reply.status(status).send(error);
};

/** Aborted when the client goes away before it was answered. */
function departure(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

function waitOf(request: FastifyRequest, reply: FastifyReply): Result<WaitOptions & { asked: boolean }> {
  const query = checkJson(waitQuery, request.query);
  if (!query.ok) return query;
  const { wait = 'accepted', timeoutMs = defaultWaitMs } = query.value;
  return {
    ok: true,
    value: {
      wait,
      timeoutMs: Math.min(timeoutMs, waitMsMax),
      signal: departure(reply),
      asked: query.value.wait !== undefined,
    },
  };
}

/** Status of the single form when its transaction has an error. */
const errorStatus = (code: string): number => (code === 'TIMEOUT' ? 504 : code === 'STOPPING' ? 503 : 400);

function answerOne(reply: FastifyReply, result: ResultJson): FastifyReply {
  if (result.error) return fail(reply, { status: errorStatus(result.error.code), error: result.error });
  return reply.status(result.receipt ? 200 : 202).send(result);
}

function submitRoute(app: FastifyInstance, { transactions, epoch }: RouteContext): void {
  app.post('/v1/transactions', { schema: schemas.submit }, async (request, reply) => {
    const wait = waitOf(request, reply);
    if (!wait.ok) return fail(reply, invalid(wait.error));
    const asked = decodeSubmitJson(request.body, epoch);
    if (!asked.ok) return fail(reply, invalid(asked.error));
    const results = await transactions.submit(asked.value.transactions, wait.value);
    if (isError(results)) return fail(reply, results);
    if (asked.value.single) return answerOne(reply, results[0]!);
    const settled = results.every((one) => one.receipt !== undefined || one.error !== undefined);
    return reply.status(settled ? 200 : 202).send({ results });
  });
}

function transactionRoute(app: FastifyInstance, { transactions }: RouteContext): void {
  app.get<{ Params: { id: string } }>(
    '/v1/transactions/:id',
    { schema: schemas.transaction },
    async (request, reply) => {
      const { id } = request.params;
      if (!/^[0-9a-f]{64}$/.test(id))
        return fail(
          reply,
          invalid({ code: 'TRANSACTION_ID', message: 'id: expected 64 lower-case hex digits' }),
        );
      const wait = waitOf(request, reply);
      if (!wait.ok) return fail(reply, invalid(wait.error));
      const options = wait.value.asked ? wait.value : undefined;
      const status = await transactions.status(id as TransactionId, options);
      return isError(status) ? fail(reply, status) : reply.send(status);
    },
  );
}

/** A committed height from text. */
function heightOf(text: string): Result<Height> {
  const height = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(height) || height < 1)
    return refuse('HEIGHT', 'height: expected a whole number from 1');
  return { ok: true, value: height as Height };
}

function blockRoute(app: FastifyInstance, { feed, history, committed, federation }: RouteContext): void {
  app.get<{ Params: { height: string } }>(
    '/v1/blocks/:height',
    { schema: schemas.block },
    async (request, reply) => {
      const height = heightOf(request.params.height);
      if (!height.ok) return fail(reply, invalid(height.error));
      const block = height.value <= feed.height ? history.block(height.value) : undefined;
      if (!block) {
        const message = `block ${height.value} is not committed here yet, the height is ${feed.height}`;
        const missing = invalid({ code: 'NOT_FOUND', message }, 404);
        return fail(reply, { ...missing, error: { ...missing.error, retryable: true } });
      }
      return reply.send(blockJson(block, committed, federation.signers.length));
    },
  );
}

/** Whether JSON is preferred to TOML; text is what a person sees who asks for anything. */
const prefersJson = (accept: string | undefined): boolean =>
  accept !== undefined && /application\/json|\+json/.test(accept);

function federationRoute(app: FastifyInstance, { federation }: RouteContext): void {
  const toml = formatFederation(federation);
  const json = JSON.stringify(parseToml(toml));
  app.get('/v1/federation', { schema: schemas.federation }, async (request, reply) => {
    reply.header('vary', 'accept');
    return prefersJson(request.headers.accept)
      ? reply.type('application/json; charset=utf-8').send(json)
      : reply.type('application/toml; charset=utf-8').send(toml);
  });
}

/** Registers all client-facing routes but the upgrades of streams. */
export function clientRoutes(app: FastifyInstance, context: RouteContext): void {
  submitRoute(app, context);
  transactionRoute(app, context);
  blockRoute(app, context);
  federationRoute(app, context);
  app.get('/v1/status', { schema: schemas.status }, async () => context.status());
  for (const [path, schema] of [
    [streamPath, schemas.stream],
    [submitPath, schemas.submission],
  ] as const)
    app.get(path, { schema }, async (_request, reply) => {
      reply.header('upgrade', 'websocket');
      return fail(reply, invalid({ code: 'UPGRADE_REQUIRED', message: 'expected a WebSocket upgrade' }, 426));
    });
}
