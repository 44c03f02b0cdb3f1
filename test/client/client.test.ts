import { describe, expect, it, vi } from 'vitest';
import { must } from '../../src/base/result.ts';
import { type Client, connect } from '../../src/client/client.ts';
import type { ClientError } from '../../src/client/error.ts';
import { verifyReceipt } from '../../src/client/verify.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';
import { openFederation } from '../../src/verify/federation.ts';
import { World } from '../verify/support.ts';
import { later } from './fake-signer.ts';
import { useHarness, ways, world } from './harness.ts';

describe.each(ways)('%s', (_, stream) => {
  const at = useHarness(stream);

  describe('a submitted transaction', () => {
    it('is final with a receipt that verifies offline, by one request', async () => {
      const client = at.open();
      const tx = client.submit('hello', { deps: ['d'] });
      const receipt = await tx.final;
      expect(receipt.transaction).toBe(tx.id);
      expect(at.waits).toEqual(['score']);
      const json = JSON.parse(JSON.stringify(client.receiptJson(receipt)));
      const libraries = { schemes: nodeSchemes, singles: nodeSignatures };
      for (const one of [receipt, json]) {
        expect(must(verifyReceipt(one, world.text, libraries)).transaction).toBe(tx.id);
        expect(must(verifyReceipt(one, world.verifier)).verdict).toBe('executed');
      }
      const other = new World(6, 1, 1);
      expect(verifyReceipt(receipt, other.verifier).ok).toBe(false);
      expect(verifyReceipt(receipt, 'not a federation').ok).toBe(false);
    });

    it('asks for exactly what is awaited', async () => {
      const client = at.open();
      client.submit('nobody waits');
      await vi.waitFor(() => expect(at.waits).toEqual(['accepted']));
      await later(50);
      expect(at.waits).toEqual(['accepted']);
      const tx = client.submit('step by step');
      await tx.accepted;
      expect(at.waits).toEqual(['accepted', 'accepted']);
      expect((await tx.final).finality).toBe('score');
      expect(await tx.final).toBe(await tx.final);
      expect((await tx.ordered).finality).toBe('order');
      expect(at.waits.slice(2)).toEqual(['score', 'order']);
      const ordered = client.submit('order at once').ordered;
      expect((await ordered).finality).toBe('order');
      expect(at.waits.slice(4)).toEqual(['order']);
    });

    it('takes an order receipt for final, and then asks no more', async () => {
      at.script(({ transactions, signer }) => {
        at.federation.place(signer, transactions);
        return { results: transactions.map(({ id }) => ({ id, receipt: at.federation.order(id) })) };
      });
      const tx = at.open().submit('x');
      expect((await tx.final).finality).toBe('order');
      expect(await tx.ordered).toBe(await tx.final);
      expect(at.calls).toHaveLength(1);
    });

    it('leaves no timer behind when it is done', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;
      const client = at.open({ signers: [at.signers[0]!.url] });
      await client.submit('warm').final;
      const before = timers();
      await Promise.all(Array.from({ length: 50 }, (_, i) => client.submit(`t${i}`).final));
      expect(timers()).toBeLessThanOrEqual(before + 1);
    });

    it('can still be asked for more after its deadline has passed in silence', async () => {
      const tx = at.open().submit('x', { timeoutMs: 500 });
      await tx.final;
      await later(600);
      expect((await tx.ordered).finality).toBe('order');
    });

    it('is signed when a key is given, and has the nonce and height that are given', async () => {
      const sign = nodeSignerFromSeed(new Uint8Array(32).fill(7));
      const client = at.open({ sign });
      const again = { deps: ['b', 'a', 'b'], nonce: 5, expires: 9 };
      const [one, two] = [client.submit('x', again), client.submit('x', again)];
      expect(one.id).toBe(two.id);
      const [first, second] = await Promise.all([one.final, two.final]);
      expect(first).toEqual(second);
      const { transaction } = at.calls[0]!.transactions[0]!;
      expect(transaction.client).toEqual(sign.publicKey);
      expect(transaction.dependencies?.map((one) => Buffer.from(one).toString())).toEqual(['a', 'b']);
      expect([transaction.nonce, transaction.expires]).toEqual([5, 9]);
      expect(first.clientSignature).toEqual(transaction.signature);
    });

    it('works with nothing but what a browser has', async () => {
      const verifier = must(openFederation(world.text, nodeSchemes, nodeSignatures));
      const client = connect({ federation: verifier, signers: [at.signers[0]!.url] });
      at.clients.push(client);
      expect((await client.submit('x').final).verdict).toBe('executed');
    });
  });

  describe('many transactions', () => {
    it('submitted together go together, and cost one pairing a batch', async () => {
      const verify = vi.spyOn(world.verifier.scheme, 'verify');
      const client = at.open({ signers: [at.signers[0]!.url] });
      const receipts = await Promise.all(
        Array.from({ length: 600 }, (_, i) => client.submit(`t${i}`, { deps: [`d${i}`] }).final),
      );
      expect(new Set(receipts.map((one) => one.transaction)).size).toBe(600);
      expect(at.calls.map((call) => call.transactions.length)).toEqual(stream ? [512, 88] : [256, 256, 88]);
      expect(verify).toHaveBeenCalledTimes(stream ? 2 : 3);
      verify.mockRestore();
    });

    it('use no more connections than allowed, and fill requests meanwhile', async () => {
      let open_ = 0;
      let most = 0;
      at.script(async () => {
        open_ += 1;
        most = Math.max(most, open_);
        await later(20);
        open_ -= 1;
        return undefined;
      });
      const client = at.open({ signers: [at.signers[0]!.url], connections: 2 });
      const done: Promise<unknown>[] = [];
      for (let i = 0; i < 100; i++) {
        done.push(client.submit(`t${i}`).final);
        if (i % 10 === 9) await later(2);
      }
      await Promise.all(done);
      if (!stream) expect(most).toBe(2);
      expect(at.calls.length).toBeLessThan(12);
      expect(at.federation.placed.size).toBe(100);
    });

    it('keep to the size of a request', async () => {
      const client = at.open({ signers: [at.signers[0]!.url] });
      const big = 'x'.repeat(200_000);
      await Promise.all(Array.from({ length: 9 }, (_, i) => client.submit(`${i}${big}`).final));
      expect(at.calls.map((call) => call.transactions.length)).toEqual(stream ? [5, 4] : [3, 3, 3]);
    });

    it('are not delayed by a slow one', async () => {
      let slowId: string | undefined;
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      at.script(async ({ transactions, timeoutMs, signer }) => {
        if (!transactions.some((one) => one.id === slowId)) return undefined;
        await Promise.race([later(timeoutMs), released]);
        at.federation.place(signer, transactions);
        return {
          results: transactions.map(({ id }) =>
            id === slowId ? { id } : { id, receipt: at.federation.score(id) },
          ),
        };
      });
      const client = at.open({ signers: [at.signers[0]!.url] });
      const slow = client.submit('slow');
      slowId = slow.id;
      let final = false;
      void slow.final.then(() => {
        final = true;
      });
      await Promise.all(Array.from({ length: 20 }, (_, i) => client.submit(`t${i}`).final));
      await client.submit('later').final;
      expect(final).toBe(false);
      const asked = at.calls.filter((call) => call.transactions.some((one) => one.id === slow.id));
      for (const call of asked.slice(1))
        expect(call).toMatchObject({ timeoutMs: stream ? 1000 : 500, transactions: [{}] });
      slowId = undefined;
      release();
      await slow.final;
    });
  });

  describe('routing', () => {
    const homes = async (client: Client, deps: string[] | undefined, count: number): Promise<Set<number>> => {
      const before = at.calls.length;
      for (let i = 0; i < count; i++) await client.submit(`t${i}`, { deps }).accepted;
      return new Set(at.calls.slice(before).map((call) => call.signer));
    };

    it('by dependency sends one document to one signer, whoever asks, and spreads documents', async () => {
      const [one, two] = [at.open(), at.open()];
      for (const document of ['a', 'b', 'c']) {
        const first = await homes(one, [document, 'z'], 3);
        expect(first.size).toBe(1);
        at.forget();
        expect(await homes(two, ['y', document], 3)).toEqual(first);
        at.forget();
      }
      for (let i = 0; i < 24; i++) await one.submit('x', { deps: [`document ${i}`] }).accepted;
      expect(new Set(at.calls.map((call) => call.signer)).size).toBe(3);
    });

    it('without dependencies keeps one client at one signer', async () => {
      const client = at.open();
      expect((await homes(client, undefined, 4)).size).toBe(1);
      at.forget();
      expect((await homes(client, [], 4)).size).toBe(1);
    });

    it('at random, or to one URL', async () => {
      expect((await homes(at.open({ route: 'random' }), ['a'], 30)).size).toBe(3);
      at.forget();
      expect(await homes(at.open({ route: `${at.signers[1]!.url}/` }), ['a'], 4)).toEqual(new Set([1]));
    });
  });

  describe('mistakes of the caller', () => {
    const codeOf = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        expect(error).toMatchObject({ outcome: 'rejected', retryable: false });
        return (error as ClientError).code;
      }
      return 'ok';
    };

    it('are refused before anything is sent', async () => {
      const client = at.open();
      expect(codeOf(() => client.submit(new Uint8Array((256 << 10) + 1)))).toBe('BODY_SIZE');
      expect(codeOf(() => client.submit('x', { deps: Array.from({ length: 257 }, (_, i) => `${i}`) }))).toBe(
        'DEPENDENCIES',
      );
      expect(codeOf(() => client.submit('x', { deps: ['x'.repeat(513)] }))).toBe('DEPENDENCY_SIZE');
      expect(codeOf(() => client.submit('x', { nonce: -1 }))).toBe('OPTIONS');
      expect(codeOf(() => client.submit('x', { expires: 1.5 }))).toBe('OPTIONS');
      expect(codeOf(() => at.open({ signers: [] }))).toBe('NO_SIGNERS');
      expect(codeOf(() => at.open({ signers: ['ftp://x'] }))).toBe('SIGNER_URL');
      expect(codeOf(() => at.open({ clientId: new Uint8Array(65) }))).toBe('CLIENT_ID');
      expect(codeOf(() => at.open({ federation: 'x = 1' }))).toBe('CONFIG_INVALID');
      await later(20);
      expect(at.calls).toEqual([]);
    });
  });
});
