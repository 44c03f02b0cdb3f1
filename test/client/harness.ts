/** Three fake signers before each test, and clients that are closed after it. */

import { afterEach, beforeEach, expect } from 'vitest';
import type { Client, ConnectOptions } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/error.ts';
import { connectNode } from '../../src/client/node.ts';
import { World } from '../verify/support.ts';
import { type Call, FakeFederation, FakeSigner, type Script } from './fake-signer.ts';

export const world = new World(4, 1, 1);

export class Harness {
  federation = new FakeFederation(world);
  signers: FakeSigner[] = [];
  readonly clients: Client[] = [];
  readonly stream: boolean;

  /** @param stream whether clients use streams. */
  constructor(stream: boolean) {
    this.stream = stream;
  }

  open(options: Partial<ConnectOptions> = {}): Client {
    const client = connectNode({
      stream: this.stream,
      federation: world.verifier,
      signers: this.signers.map((signer) => signer.url),
      stallMs: 5000,
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  get calls(): Call[] {
    return this.signers.flatMap((signer) => signer.calls);
  }

  get waits(): string[] {
    return this.calls.map((call) => call.wait);
  }

  forget(): void {
    for (const signer of this.signers) signer.calls.length = 0;
  }

  /** One script for all signers. */
  script(run: Script): void {
    for (const signer of this.signers) signer.script = run;
  }
}

/** The two ways to a signer, for `describe.each`. */
export const ways = [
  ['over HTTP', false],
  ['over a stream', true],
] as const;

/** Registers the hooks; the harness is fresh in every test. */
export function useHarness(stream: boolean): Harness {
  const harness = new Harness(stream);
  beforeEach(async () => {
    harness.federation = new FakeFederation(world);
    harness.signers = await Promise.all([0, 1, 2].map((i) => new FakeSigner(harness.federation, i).start()));
  });
  afterEach(async () => {
    for (const client of harness.clients.splice(0)) client.close();
    await Promise.all(harness.signers.map((signer) => signer.stop()));
  });
  return harness;
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
}
