/**
 * A learner's HTTP face: documents to read, its state, health and metrics. It has no secret and takes no
 * orders: everything is a GET. Errors have the form of `messages/http.ts`.
 */

import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Registry } from 'prom-client';
import type { ListenAddress } from '../messages/config-file.ts';
import type { ErrorJson } from '../messages/http.ts';
import { reasonOf } from '../store/error.ts';
import type { DocumentReader } from './api.ts';
import { documentIdBytesMax } from './machine/json.ts';
import type { LearnerStatus } from './status.ts';

export interface HttpSources {
  /** A store of the user's may not be readable. */
  readonly documents: Partial<DocumentReader>;
  readonly status: (withRoot: boolean) => Promise<LearnerStatus | undefined>;
  readonly notReady: () => string | undefined;
  readonly metrics: Registry;
  /** An error of our own: it is answered with 500 and told here. */
  readonly onError: (error: unknown) => void;
}

export interface PeerHttp {
  readonly port: number;
  close(): Promise<void>;
}

/** The address cannot be listened on: one line that names it. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const retryMs = 500;

const failure = (code: string, message: string, retryable = false): ErrorJson => ({
  code,
  message,
  retryable,
  ...(retryable && { retryAfterMs: retryMs }),
  outcome: 'rejected',
});

function server(onError: HttpSources['onError']): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: 1024,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    forceCloseConnections: true,
    http: { maxHeaderSize: 16 << 10, headersTimeout: 10_000 },
    // Percent-encoded, a byte of an id takes three characters.
    routerOptions: { maxParamLength: 3 * documentIdBytesMax },
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('x-content-type-options', 'nosniff');
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply.status(status).send(failure('REQUEST_MALFORMED', reasonOf(error).slice(0, 200)));
    onError(error);
    return reply.status(500).send(failure('INTERNAL', 'this learner failed to answer', true));
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).send(failure('NOT_FOUND', 'there is no such resource')),
  );
  return app;
}

function documentRoute(app: FastifyInstance, documents: Partial<DocumentReader>): void {
  app.get<{ Params: { id: string } }>('/v1/documents/:id', async ({ params: { id } }, reply) => {
    if (!documents.get || !documents.position)
      return reply
        .status(501)
        .send(failure('NOT_READABLE', 'the documents are in a store that this learner cannot read from'));
    // Read first: the document is at least as new as the position says.
    const position = await documents.position();
    const document = await documents.get(id);
    return document === undefined
      ? reply.status(404).send(failure('DOCUMENT_UNKNOWN', 'there is no such document'))
      : reply.send({ id, document, position });
  });
}

async function sendStatus(
  sources: HttpSources,
  withRoot: boolean,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const status = await sources.status(withRoot);
  return status
    ? reply.send(status)
    : reply
        .status(503)
        .send(failure('BUSY', 'the documents change faster than their root is computed', true));
}

function routes(app: FastifyInstance, sources: HttpSources): void {
  documentRoute(app, sources.documents);
  app.get<{ Querystring: { root?: string } }>('/v1/status', async ({ query }, reply) => {
    if (query.root !== undefined && query.root !== '0' && query.root !== '1')
      return reply.status(400).send(failure('QUERY', 'root: expected 0 or 1'));
    return sendStatus(sources, query.root === '1', reply);
  });
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    const reason = sources.notReady();
    return reply.status(reason === undefined ? 200 : 503).send({ ready: reason === undefined, reason });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(sources.metrics.contentType).send(await sources.metrics.metrics()),
  );
}

const listenReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host name',
};

/** Starts to listen. @throws ListenError */
export async function startHttp({ host, port }: ListenAddress, sources: HttpSources): Promise<PeerHttp> {
  const app = server(sources.onError);
  routes(app, sources);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ListenError(`listen.http: cannot listen on ${host}:${port}: ${listenReasons[code] ?? code}`);
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    close: () => app.close(),
  };
}
