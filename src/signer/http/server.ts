/**
 * What all HTTP of a signer has in common: limits on whatever a stranger may send, errors in one form,
 * and cross-origin access. Browsers are clients like any other and nothing here rests on cookies or the
 * caller's address, so every origin may ask.
 */

import type { Socket } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { type HttpError, invalid, undecided } from '../errors.ts';

export interface HttpOptions {
  /** Longest request body. */
  readonly bodyBytesMax: number;
  /** An error of our own: it is answered with 500 and told here. */
  readonly onError: (error: unknown) => void;
}

const headerBytesMax = 16 << 10;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** Longer than any wait (`waitMsMax`), so that a connection that waits is not taken for idle. */
const idleTimeoutMs = 120_000;
const keepAliveTimeoutMs = 70_000;
const connectionsMax = 4096;
const pathBytesMax = 256;

/** Codes of the framework's own refusals, with what they mean here. */
const frameworkErrors: Readonly<Record<string, HttpError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: invalid(
    { code: 'BODY_TOO_LARGE', message: 'the request body is too long' },
    413,
  ),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: invalid(
    { code: 'MEDIA_TYPE', message: 'expected content-type: application/json' },
    415,
  ),
};

function answerTo(error: FastifyError, onError: (error: unknown) => void): HttpError {
  const known = frameworkErrors[error.code];
  if (known) return known;
  const status = error.statusCode ?? 500;
  if (status < 500) {
    const message = error.message.split('\n', 1)[0]!.slice(0, 200);
    return invalid({ code: 'REQUEST_MALFORMED', message }, status);
  }
  onError(error);
  return undecided('INTERNAL', 'this signer failed to answer', 500);
}

/** An HTTP server without routes; `ready` and `listen` are the caller's. */
export function httpServer({ bodyBytesMax, onError }: HttpOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: idleTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: true,
    http: { maxHeaderSize: headerBytesMax, headersTimeout: headersTimeoutMs },
    routerOptions: { maxParamLength: pathBytesMax },
    clientErrorHandler: (_error, socket: Socket) => {
      // Not HTTP, or too slow: an answer may help a person, and costs nothing.
      if (socket.writable)
        socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      socket.destroy();
    },
  });
  app.server.maxConnections = connectionsMax;
  app.server.maxHeadersCount = 100;
  app.removeContentTypeParser('text/plain');
  // The schemas of routes are documentation; `messages/http.ts` checks, and says what is wrong.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('x-content-type-options', 'nosniff');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'GET, POST, OPTIONS');
    reply.header('access-control-allow-headers', 'content-type, accept');
    reply.header('access-control-max-age', '86400');
    return reply.status(204).send();
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const { status, error: body } = answerTo(error, onError);
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, error } = invalid({ code: 'NOT_FOUND', message: 'there is no such resource' }, 404);
    return reply.status(status).send(error);
  });
  return app;
}
