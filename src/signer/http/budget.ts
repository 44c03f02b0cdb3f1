/**
 * Bytes of request bodies that are being read or decoded, all clients together: many large requests at
 * once must not take more memory than planned for. A body without a length counts as the longest.
 */

import type { FastifyInstance } from 'fastify';
import { overloaded } from '../errors.ts';

const retryMs = 250;

/** Adds the bound to a server. @param bytesMax at least the longest body. */
export function boundBodies(app: FastifyInstance, bytesMax: number): void {
  let bytes = 0;
  const held = new WeakMap<object, () => void>();
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'POST') return;
    const longest = request.routeOptions.bodyLimit ?? bytesMax;
    const length = Number(request.headers['content-length'] ?? longest);
    const cost = Math.min(Number.isFinite(length) ? length : longest, longest);
    if (bytes + cost > bytesMax) {
      const { status, error } = overloaded('too many requests are being read', retryMs);
      // The body is not read, so the connection cannot be used again.
      reply.header('connection', 'close');
      return reply.status(status).send(error);
    }
    bytes += cost;
    const release = (): void => {
      if (held.delete(request)) bytes -= cost;
    };
    held.set(request, release);
    reply.raw.once('close', release);
  });
  app.addHook('preHandler', async (request) => held.get(request)?.());
}
