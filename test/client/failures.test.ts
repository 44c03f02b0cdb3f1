import { describe, expect, it } from 'vitest';
import { encodedTransaction } from '../../src/messages/transaction.ts';
import { FakeSigner, later, type Response, reply } from './fake-signer.ts';
import { errorOf, useHarness, ways, world } from './harness.ts';

describe.each(ways)('%s', (_, stream) => {
  const at = useHarness(stream);

  describe('when a signer fails', () => {
    it('the same transactions go to others, and are placed once', async () => {
      await at.signers[0]!.stop();
      const client = at.open();
      const sent = Array.from({ length: 40 }, (_, i) => client.submit(`t${i}`, { deps: [`d${i}`] }));
      const receipts = await Promise.all(sent.map((tx) => tx.final));
      expect(receipts.map((one) => one.transaction)).toEqual(sent.map((tx) => tx.id));
      expect(at.federation.placed.size).toBe(40);
      await client.submit('later', { deps: ['d0'], timeoutMs: 5000 }).final;
    });

    it.each([
      ['closes the connection before it answers', (response) => response.destroy()],
      [
        'closes the connection in the middle of the answer',
        (response) => {
          response.writeHead(200, { 'content-length': 1000 });
          response.write('{"results":[');
          setTimeout(() => response.destroy(), 5);
          return later(20);
        },
      ],
      ['answers 500 without JSON', (response) => response.writeHead(500).end('<html>')],
      ['answers with another number of results', (response) => reply(response, 200, { results: [] })],
      ['never answers', () => new Promise(() => {})],
      [
        'says that it is stopping',
        (response) =>
          reply(response, 503, { code: 'STOPPING', message: 'x', retryable: true, outcome: 'rejected' }),
      ],
    ] as [string, (response: Response) => unknown][])(
      'because it %s, another one is asked',
      async (_name, fail) => {
        const preferred = at.signers[2]!;
        preferred.script = (call, response) => {
          at.federation.place(2, call.transactions); // It took the transaction all the same.
          return fail(response);
        };
        const urls = at.signers.map((one) => one.url);
        const tx = at.open({ route: preferred.url, signers: urls, stallMs: 200 }).submit('x');
        expect((await tx.final).transaction).toBe(tx.id);
        const seen = at.calls.flatMap((call) => call.transactions.map((one) => one.id));
        expect(new Set(seen)).toEqual(new Set([tx.id]));
        expect(at.federation.placed.size).toBe(1);
        expect(preferred.calls).toHaveLength(1);
      },
    );

    it('what waits for a connection to it goes elsewhere too', async () => {
      const preferred = at.signers[1]!;
      let fail = (): void => {};
      preferred.script = (_, response) =>
        new Promise((resolve) => {
          fail = () => resolve(response.destroy());
        });
      const urls = at.signers.map((one) => one.url);
      const client = at.open({ route: preferred.url, signers: urls, connections: 1 });
      const first = client.submit('x').final;
      while (preferred.calls.length === 0) await later(5);
      const second = client.submit('y').final;
      await later(20);
      fail();
      await Promise.all([first, second]);
      expect(preferred.calls).toHaveLength(stream ? 2 : 1);
    });

    it('a receipt that does not verify reaches nothing', async () => {
      const bad = at.signers[0]!;
      let kind = 0;
      bad.script = ({ transactions }) => {
        at.federation.place(0, transactions);
        const { id } = transactions[0]!;
        const good = at.federation.score(id) as Record<string, unknown>;
        kind += 1;
        if (kind === 1) return { results: [{ id, receipt: { ...good, ingressSignature: '00'.repeat(64) } }] };
        if (kind === 2) return { results: [{ id, receipt: 'trust me' }] };
        const other = encodedTransaction(world.transaction('other'));
        at.federation.place(0, [other]);
        return { results: [{ id, receipt: at.federation.score(other.id) }] };
      };
      for (let i = 0; i < 3; i++) {
        const client = at.open({ route: bad.url, signers: [bad.url, at.signers[1]!.url] });
        const tx = client.submit(`x${i}`);
        expect((await tx.final).transaction).toBe(tx.id);
      }
      expect([bad.calls.length, at.signers[1]!.calls.length]).toEqual([3, 3]);
      const error = await errorOf(at.open({ signers: [bad.url] }).submit('y', { timeoutMs: 200 }).final);
      expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true, outcome: 'unknown' });
      expect(error.message).toMatch(/its receipt is not valid/);
    });

    it('overload is waited out as long as it says, and elsewhere is tried meanwhile', async () => {
      const start = Date.now();
      let until = 120;
      let retryAfterMs = 120;
      at.script((_, response) => {
        if (Date.now() - start >= until) return undefined;
        const error = {
          code: 'OVERLOADED',
          message: 'full',
          retryable: true,
          retryAfterMs,
          outcome: 'rejected',
        };
        reply(response, 429, error);
        return undefined;
      });
      await at.open().submit('x').final;
      expect(Date.now() - start).toBeGreaterThanOrEqual(115);
      expect(at.calls.length).toBeLessThan(8);
      expect(new Set(at.calls.map((call) => call.signer)).size).toBeGreaterThan(1);
      until = 1e9;
      retryAfterMs = 5000;
      const error = await errorOf(at.open().submit('y', { timeoutMs: 150 }).final);
      expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'rejected' });
      expect(error.message).toMatch(/OVERLOADED: full/);
    });
  });

  describe('an error', () => {
    const refusal = { code: 'CHECK', message: 'no', retryable: false, outcome: 'rejected' };

    it('of one transaction is its own', async () => {
      let bad: string | undefined;
      at.script(({ transactions, signer }) => {
        at.federation.place(
          signer,
          transactions.filter((one) => one.id !== bad),
        );
        return {
          results: transactions.map(({ id }) =>
            id === bad ? { id, error: refusal } : { id, receipt: at.federation.score(id) },
          ),
        };
      });
      const client = at.open({ signers: [at.signers[0]!.url] });
      const [one, two] = [client.submit('good'), client.submit('bad')];
      bad = two.id;
      const [good, error] = await Promise.all([one.final, errorOf(two.final)]);
      expect(good.transaction).toBe(one.id);
      expect(error).toMatchObject({ code: 'CHECK', message: 'no', retryable: false, outcome: 'rejected' });
      expect(await errorOf(two.ordered)).toBe(error);
      expect(at.calls).toHaveLength(1);
    });

    // On a stream an error is always that of one transaction.
    it.skipIf(stream)('of a whole request is taken apart', async () => {
      let bad: string | undefined;
      at.script(({ transactions }, response) => {
        if (transactions.some((one) => one.id === bad)) reply(response, 400, refusal);
        return undefined;
      });
      const client = at.open({ signers: [at.signers[0]!.url] });
      const all = Array.from({ length: 5 }, (_, i) => client.submit(`t${i}`));
      bad = all[2]!.id;
      const results = await Promise.allSettled(all.map((tx) => tx.final));
      expect(results.map((one) => one.status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(at.calls.map((call) => call.transactions.length)).toEqual([5, 1, 1, 1, 1, 1]);
    });

    it('after a request that may have arrived leaves the outcome unknown', async () => {
      at.signers[0]!.script = (_, response) => response.destroy();
      at.signers[1]!.script = ({ transactions }) => ({
        results: transactions.map(({ id }) => ({ id, error: refusal })),
      });
      const urls = [at.signers[0]!.url, at.signers[1]!.url];
      const error = await errorOf(at.open({ route: urls[0]!, signers: urls }).submit('x').final);
      expect(error).toMatchObject({ code: 'CHECK', outcome: 'unknown' });
    });

    it('that may pass is tried again after a while', async () => {
      let count = 0;
      at.script(({ transactions }) => {
        count += 1;
        if (count > 2) return undefined;
        const error = { ...refusal, code: 'FROZEN', retryable: true, retryAfterMs: 30 };
        return { results: transactions.map(({ id }) => ({ id, error })) };
      });
      const start = Date.now();
      await at.open().submit('x', { deps: ['d'] }).final;
      expect(Date.now() - start).toBeGreaterThanOrEqual(55);
      expect(new Set(at.calls.map((call) => call.signer)).size).toBe(1);
    });
  });

  describe('giving up', () => {
    it('says rejected when nobody can have it, and unknown when somebody may', async () => {
      await Promise.all(at.signers.map((signer) => signer.stop()));
      const nobody = await errorOf(at.open().submit('x', { timeoutMs: 100 }).accepted);
      expect(nobody).toMatchObject({ code: 'TIMEOUT', retryable: true, outcome: 'rejected' });
      expect(nobody.message).toMatch(/ECONNREFUSED/);
      const silent = await new FakeSigner(at.federation, 0).start();
      at.signers.push(silent);
      silent.script = () => later(500);
      const client = at.open({ signers: [silent.url] });
      const somebody = await errorOf(client.submit('y', { timeoutMs: 100 }).accepted);
      expect(somebody).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown' });
    });

    it('by the caller, or by closing, ends every promise at once', async () => {
      at.script(() => later(500));
      const client = at.open();
      const abort = new AbortController();
      const [one, two] = [client.submit('x', { signal: abort.signal }), client.submit('y')];
      const [first, second] = [errorOf(one.final), errorOf(two.final)];
      await later(30);
      abort.abort();
      expect(await first).toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
      client.close();
      expect(await second).toMatchObject({ code: 'CLOSED', outcome: 'unknown' });
      expect(await errorOf(two.ordered)).toMatchObject({ code: 'CLOSED' });
      expect(() => client.submit('z')).toThrow(/closed/);
      expect(() => at.open().submit('z', { signal: abort.signal })).toThrow(/gave up/);
    });
  });
});
