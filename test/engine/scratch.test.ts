import { expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { hash } from '../../src/base/hash.ts';
import { signerId } from '../../src/base/ids.ts';
import { genesisCertificate } from '../../src/messages/block.ts';
import { transactionId } from '../../src/messages/transaction.ts';
import { bytesOf, Lab } from './lab.ts';

it('A: n=1 events in order', () => {
  const lab = new Lab({ signers: 1, limits: { batchTransactionsMax: 2, freezeAfterMs: 50 } });
  const all = Array.from({ length: 9 }, () => lab.transaction(['a']));
  lab.submit(0, ...all);
  lab.run(10000);
  expect(lab.delivered(0)).toEqual(all.map(transactionId));
});
it('B: own batches fit', () => {
  const lab = new Lab({
    signers: 4,
    byzantine: 1,
    limits: {
      batchBytesMax: 20000,
      checkpointBatches: 100000,
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
  lab.run(20000);
  console.log(
    lab
      .events(1, 'refused')
      .map((e) => e.refusal.message)
      .slice(0, 3),
    lab.engine(0).status(),
  );
  expect(lab.delivered(1)).toHaveLength(240);
});
it('C: a timeout with a made-up genesis', () => {
  const lab = new Lab({ signers: 4, byzantine: 1, absent: [3], limits: { leaderTerm: 2 } });
  const bogus = hash('block', utf8('bogus')) as never;
  const statement = { end: 2 as never, lastSigned: 0 as never, highView: 0 as never, highBlock: bogus };
  for (const to of [0, 1, 2])
    lab.deliver(3, to, {
      type: 'timeout',
      timeout: lab.timeout(3, statement),
      high: { ...genesisCertificate(lab.epoch), block: bogus },
      entry: undefined,
    });
  const good = { ...statement, highBlock: genesisCertificate(lab.epoch).block };
  // 0 and 1 time out, and every assembled TC must verify
  for (const to of [0])
    for (const from of [1, 2])
      lab.deliver(from, to, {
        type: 'timeout',
        timeout: lab.timeout(from, good),
        high: genesisCertificate(lab.epoch),
        entry: undefined,
      });
  lab.run(10);
  const tcs = lab.sent.flatMap((s) =>
    s.message.type === 'view' && s.message.tc
      ? [s.message.tc]
      : s.message.type === 'timeout' && s.message.entry
        ? [s.message.entry]
        : [],
  );
  console.log(
    lab.engine(0).status().view,
    tcs.length,
    tcs.map((t) => lab.federation.verifier.tc(t)),
  );
  console.log(lab.events(0, 'refused').map((e) => e.refusal));
});
it('D: own timeout before durable', () => {
  const lab = new Lab({ signers: 4, byzantine: 1, limits: { leaderTerm: 2 } });
  lab.passes = (m) => m.message.type === 'timeout';
  const high = genesisCertificate(lab.epoch);
  const good = { end: 2 as never, lastSigned: 0 as never, highView: 0 as never, highBlock: high.block };
  for (const from of [1, 2])
    lab.deliver(from, 0, { type: 'timeout', timeout: lab.timeout(from, good), high, entry: undefined });
  const leak = lab.sent.filter(
    (s) =>
      s.from === 0 &&
      !s.durable &&
      s.message.type === 'view' &&
      s.message.tc?.votes.some((v) => v.signer === 0),
  );
  console.log(
    'leaks',
    leak.length,
    lab.sent.filter((s) => s.from === 0).map((s) => s.message.type + s.durable),
  );
});
it('E: catch-up requests', () => {
  const lab = new Lab({ signers: 4, byzantine: 1, limits: { checkpointAfterMs: 20 } });
  lab.crash(3);
  for (let i = 0; i < 150; i++) {
    lab.submit(0, lab.transaction(['a']));
    lab.run(300);
  }
  const height = lab.engine(0).status().height;
  lab.start(3);
  for (const p of [0, 1, 2]) {
    lab.input(p, { type: 'link', peer: signerId(3), up: true });
    lab.input(3, { type: 'link', peer: signerId(p), up: true });
  }
  lab.run(5000);
  console.log(
    height,
    lab.engine(3).status().height,
    lab
      .messages('catchUp', { from: 3 as never })
      .map((m) => m.message.from)
      .join(' '),
    lab.messages('blocks').length,
  );
});
