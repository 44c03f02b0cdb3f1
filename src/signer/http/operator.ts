/** Health and metrics, for this machine only: the listener is on a loopback address (`config.ts`). */

import type { FastifyInstance } from 'fastify';
import type { SignerMetrics } from '../metrics.ts';

export interface OperatorContext {
  readonly metrics: SignerMetrics;
  /** Why the signer is not ready, or undefined. */
  readonly notReady: () => string | undefined;
}

/** `/livez` answers while the event loop runs; `/readyz` says whether clients are served well here. */
export function operatorRoutes(app: FastifyInstance, { metrics, notReady }: OperatorContext): void {
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    const reason = notReady();
    return reply.status(reason === undefined ? 200 : 503).send({ ready: reason === undefined, reason });
  });
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.registry.metrics();
    return reply.type(metrics.registry.contentType).send(text);
  });
}
