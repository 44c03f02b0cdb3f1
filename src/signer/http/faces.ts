/** The two HTTP listeners of a signer: for clients and learners, and for its operator. */

import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ListenAddress } from '../../messages/config-file.ts';
import { requestBytesMax } from '../../messages/http.ts';
import type { CommittedOrder } from '../../ordering/committed.ts';
import type { SignerHome } from '../config.ts';
import type { Feed } from '../feed.ts';
import type { History } from '../history.ts';
import { listening } from '../listen-error.ts';
import type { SignerMetrics } from '../metrics.ts';
import type { SignerStatus } from '../status.ts';
import { streamPath, streamRoute } from '../stream-server.ts';
import { submitRoute } from '../submit-server.ts';
import type { Transactions } from '../transactions.ts';
import { Upgrades } from '../upgrades.ts';
import { boundBodies } from './budget.ts';
import { documentRoutes } from './openapi.ts';
import { operatorRoutes } from './operator.ts';
import { clientRoutes } from './routes.ts';
import { httpServer } from './server.ts';

export interface FacesContext {
  readonly home: SignerHome;
  readonly version: string;
  readonly transactions: Transactions;
  readonly feed: Feed;
  readonly history: History;
  readonly committed: CommittedOrder;
  readonly metrics: SignerMetrics;
  readonly status: () => SignerStatus;
  readonly onError: (error: unknown) => void;
}

export interface Faces {
  readonly httpPort: number;
  readonly metricsPort: number;
  /** Open streams. */
  readonly streams: number;
  close(): Promise<void>;
}

const operatorBytesMax = 1024;

async function listen(app: FastifyInstance, field: string, address: ListenAddress): Promise<number> {
  await listening(field, address, app.listen({ host: address.host, port: address.port }));
  return (app.server.address() as AddressInfo).port;
}

/** @throws when an address cannot be bound; nothing is left open then. */
export async function startFaces(context: FacesContext): Promise<Faces> {
  const { home, onError, feed, history } = context;
  const clients = httpServer({ bodyBytesMax: requestBytesMax, onError });
  const operator = httpServer({ bodyBytesMax: operatorBytesMax, onError });
  boundBodies(clients, Math.max(home.admission.queueBytesMax, 2 * requestBytesMax));
  await documentRoutes(clients, context.version);
  // In a plugin of its own, so that the routes are collected for the document.
  await clients.register(async (app) => {
    clientRoutes(app, { ...context, federation: home.federation, epoch: home.epoch });
  });
  operatorRoutes(operator, { metrics: context.metrics, notReady: () => context.status().notReady });
  const n = home.federation.signers.length;
  const upgrades = new Upgrades(clients.server, {
    routes: [
      streamRoute({ feed, history, epoch: home.epoch, n, onError }),
      submitRoute({ transactions: context.transactions, n, onError }),
    ],
  });
  const close = async (): Promise<void> => {
    await upgrades.close();
    await Promise.all([clients.close(), operator.close()]);
  };
  try {
    const httpPort = await listen(clients, 'listen.http', home.listen.http);
    const metricsPort = await listen(operator, 'listen.metrics', home.listen.metrics);
    return {
      httpPort,
      metricsPort,
      get streams() {
        return upgrades.count(streamPath);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
