/** Faults that were found once: what an ingress could do to itself, and what a liar could do to others. */

import { expect, it } from 'vitest';
import { attempt, signerId } from '../../src/base/ids.ts';
import { bytesOf, Lab } from './lab.ts';

it('a batch of an ingress is never larger than the federation allows, however long its after is', () => {
  const lab = new Lab({
    signers: 4,
    byzantine: 1,
    limits: {
      batchBytesMax: 20_000,
      checkpointBatches: 100_000,
      checkpointAfterMs: 1e8,
      freezeAfterMs: 1e8,
      window: 1000,
    },
  });
  for (let i = 0; i < 200; i++) {
    lab.submit(0, lab.transaction(['a']));
    lab.run(20);
  }
  lab.submit(0, ...Array.from({ length: 40 }, () => lab.transaction(['a'], bytesOf(1000))));
  lab.run(20_000);
  expect(lab.events(1, 'refused').map((event) => event.refusal.message)).toEqual([]);
  expect(lab.delivered(1)).toHaveLength(240);
});

it('a spoiled copy of a batch does not take the place of the right one that comes while it is checked', () => {
  const lab = new Lab({ signers: 4, byzantine: 1, absent: [1, 2, 3], limits: { checkpointAfterMs: 1e6 } });
  lab.passes = () => false;
  lab.checkMs = 5;
  const batch = lab.batch(3, 1, [lab.transaction(['a'])]);
  const spoiled = {
    ...batch,
    signature: bytesOf(64),
    bytes: batch.bytes.map((byte, i) => (i >= batch.bytes.length - 64 ? 7 : byte)),
  };
  lab.deliver(1, 0, { type: 'announce', root: signerId(3), attempt: attempt(0), batch: spoiled });
  lab.deliver(3, 0, { type: 'announce', root: signerId(3), attempt: attempt(0), batch });
  lab.run(20);
  expect(lab.events(0, 'refused').map((event) => event.refusal.code)).toEqual(['BATCH_SIGNATURE']);
  expect(lab.engine(0).status().accepted).toBe(1);
});

it('catching up asks once for each run of blocks', () => {
  const lab = new Lab({ signers: 4, byzantine: 1, limits: { checkpointAfterMs: 20 } });
  const away = [1, 2, 3].find((one) => one !== lab.leader())!;
  lab.crash(away);
  for (let i = 0; i < 100; i++) {
    lab.submit(0, lab.transaction(['a']));
    lab.run(300);
  }
  lab.start(away);
  for (let other = 0; other < 4; other++)
    if (other !== away) {
      lab.input(other, { type: 'link', peer: signerId(away), up: true });
      lab.input(away, { type: 'link', peer: signerId(other), up: true });
    }
  lab.run(5000);
  const { height } = lab.engine(0).status();
  expect(lab.engine(away).status().height).toBe(height);
  expect(lab.messages('catchUp', { from: signerId(away) }).length).toBeLessThan(height / 8);
});
