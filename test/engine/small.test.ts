/** Federations of one to three signers without liars, and the same inputs twice. */

import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { transactionId } from '../../src/messages/transaction.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Lab } from './lab.ts';

describe('small federations', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 0],
    [3, 1],
  ])(
    '%i signers of which %i may be silent: everything is delivered in the order in which it was sent',
    (signers, faulty) => {
      const lab = new Lab({ signers, faulty, limits: { checkpointAfterMs: 200, batchTransactionsMax: 2 } });
      const all = Array.from({ length: 9 }, () => lab.transaction(['a']));
      lab.submit(0, ...all);
      lab.run(20_000);
      for (let one = 0; one < signers; one++) {
        expect(lab.delivered(one)).toEqual(all.map(transactionId));
        expect(lab.engine(one).status()).toMatchObject({ accepted: 0, queued: 0, waiting: 0, ahead: 0 });
      }
    },
  );

  it('one signer alone goes on after every restart', () => {
    const lab = new Lab({ signers: 1, limits: { checkpointAfterMs: 100 } });
    for (let i = 0; i < 5; i++) {
      lab.submit(0, lab.transaction(['a']));
      if (i !== 2) lab.run(2000);
      lab.crash(0);
      lab.start(0);
      lab.run(2000);
    }
    expect(new Set(lab.delivered(0)).size).toBe(5);
    expect(lab.engine(0).status()).toMatchObject({ transactions: 5, accepted: 0 });
    expect(lab.sent).toEqual([]);
  });

  it('three with one silent', () => {
    for (const gone of [0, 1, 2]) {
      const lab = new Lab({ signers: 3, faulty: 1, limits: { checkpointAfterMs: 200, leaderTerm: 4 } });
      lab.crash(gone);
      const to = (gone + 1) % 3;
      for (let i = 0; i < 3; i++) {
        lab.submit(to, lab.transaction(['a']));
        lab.run(5000);
      }
      lab.run(60_000);
      for (const one of [0, 1, 2].filter((each) => each !== gone)) expect(lab.delivered(one)).toHaveLength(3);
    }
  });

  it('two with none silent wait for each other, through a restart of either', () => {
    const lab = new Lab({ signers: 2, limits: { checkpointAfterMs: 200, leaderTerm: 4 } });
    for (const back of [0, 1]) {
      lab.crash(back);
      lab.submit(1 - back, lab.transaction(['a']));
      lab.run(3000);
      lab.start(back);
      lab.input(0, { type: 'link', peer: signerId(1), up: true });
      lab.input(1, { type: 'link', peer: signerId(0), up: true });
      lab.run(60_000);
    }
    for (const one of [0, 1]) expect(new Set(lab.delivered(one)).size).toBe(2);
  });
});

describe('determinism', () => {
  it('the same inputs at the same times give the same outputs, byte for byte', () => {
    const lab = new Lab({ signers: 4, byzantine: 1, limits: { checkpointAfterMs: 200, leaderTerm: 4 } });
    lab.checkMs = 2;
    for (let i = 0; i < 12; i++) {
      lab.submit(i % 4, lab.transaction(i % 5 === 0 ? undefined : ['a', `${i % 3}`]));
      if (i === 6) lab.passes = ({ message }) => message.type !== 'proposal';
      if (i === 9) lab.passes = () => true;
      lab.run(i % 2 === 0 ? 3 : 700);
    }
    lab.run(20_000);
    expect(lab.engine(0).status().height).toBeGreaterThan(2);
    for (const [id, node] of lab.nodes.entries()) {
      const store = new MemoryStore();
      const again = lab.makeEngine(id, store);
      expect(node.inputs.length).toBeGreaterThan(100);
      node.inputs.forEach(({ input, at }, i) => {
        const output = again.step(input, at);
        store.apply([...output.writes, ...output.lazyWrites]);
        expect(output, `signer ${id}, input ${i}: ${JSON.stringify(input).slice(0, 200)}`).toEqual(
          node.outputs[i],
        );
      });
    }
  });
});
