/**
 * The OpenAPI document of a signer's client interface, made from the schemas of `messages/http.ts` that
 * requests and answers are checked with.
 */

import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { z } from 'zod';
import {
  errorJson,
  resultJson,
  resultsJson,
  statusJson,
  transactionJson,
  transactionsJson,
  waitMsMax,
} from '../../messages/http.ts';

/** A schema as JSON Schema for the document. */
const documented = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0', unrepresentable: 'any' });
  return rest;
};

const answer = (description: string, schema: z.ZodType) => ({ description, ...documented(schema) });
const plain = (description: string) => ({ description, type: 'object', additionalProperties: true });
const errors = {
  '4xx': answer('The request is at fault; nothing was taken.', errorJson),
  '5xx': answer('Try again later, or another signer; `outcome` says what may have happened.', errorJson),
};
const timeoutMs = {
  type: 'integer',
  minimum: 0,
  maximum: waitMsMax,
  description: 'How long to wait, in milliseconds; 30000 when absent.',
};
const waitQuery = (levels: readonly string[]) => ({
  type: 'object',
  properties: {
    wait: {
      type: 'string',
      enum: levels,
      description: '`score`: whichever finality comes first. `order`: in a committed block.',
    },
    timeoutMs,
  },
});

export const schemas = {
  submit: {
    summary: 'Send transactions',
    description: 'One transaction, or { transactions: [...] }. Sending one again is always safe.',
    querystring: waitQuery(['accepted', 'score', 'order']),
    body: { anyOf: [documented(transactionJson), documented(transactionsJson)] },
    response: {
      200: {
        description: 'A receipt or an error for each.',
        anyOf: [documented(resultJson), documented(resultsJson)],
      },
      202: {
        description: 'Durable in a batch of this signer, or known already.',
        anyOf: [documented(resultJson), documented(resultsJson)],
      },
      ...errors,
    },
  },
  transaction: {
    summary: 'What became of a transaction',
    params: { type: 'object', properties: { id: { type: 'string' } } },
    querystring: waitQuery(['score', 'order']),
    response: { 200: answer('With a receipt once it is final.', statusJson), ...errors },
  },
  block: {
    summary: 'A committed block with its certificates and its proof',
    params: { type: 'object', properties: { height: { type: 'integer', minimum: 1 } } },
    response: { 200: plain('The block; canonical bytes are hex.'), ...errors },
  },
  federation: {
    summary: 'The federation file',
    description: 'TOML, or JSON in the same shape when `accept` prefers application/json.',
    response: { 200: plain('The federation.'), ...errors },
  },
  status: {
    summary: 'State of this signer',
    response: { 200: plain('Height, view, connections, queue.'), ...errors },
  },
  stream: {
    summary: 'Stream of batches and blocks (WebSocket)',
    description:
      'Upgrade to a WebSocket. Binary messages, docs/engine.md and src/messages/stream.ts; the receiver grants credit.',
    querystring: {
      type: 'object',
      properties: {
        after: { type: 'integer', minimum: 0, description: 'Committed height already known; 0 when absent.' },
      },
    },
    response: { 101: { description: 'Switching protocols' }, ...errors },
  },
  submission: {
    summary: 'Stream of transactions and what became of them (WebSocket)',
    description:
      'Upgrade to a WebSocket. Binary messages, src/messages/submission.ts and answers.ts: what POST /v1/transactions does, with many transactions in a message and one proof for all of a batch.',
    response: { 101: { description: 'Switching protocols' }, ...errors },
  },
} satisfies Record<string, FastifySchema>;

/** Collects the routes that are registered after this; serves the document at `/openapi.json`. */
export async function documentRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'MuSig Paxos signer',
        description: 'Transactions in, receipts and a verifiable order out.',
        version,
      },
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}
