/** Blocks: when one is due, who signs what, and how a leader is given up (protocol section 6). */

import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { type Block, blockDigest, decodeBlock, genesisCertificate } from '../../src/messages/block.ts';
import type { TimeoutStatement } from '../../src/messages/timeout.ts';
import { Lab, type LabOptions } from './lab.ts';

const all = [0, 1, 2, 3];
const make = (options: Partial<LabOptions> = {}) => new Lab({ signers: 4, byzantine: 1, ...options });
const links = (lab: Lab, of: number): void => {
  for (const other of all)
    if (other !== of) {
      lab.input(other, { type: 'link', peer: signerId(of), up: true });
      lab.input(of, { type: 'link', peer: signerId(other), up: true });
    }
};
const committed = (lab: Lab, at: number): Block[] =>
  lab.events(at, 'committed').map((event) => event.committed.block);
const heights = (lab: Lab): number[] => all.map((one) => lab.engine(one).status().height);
const late = { checkpointAfterMs: 1_000_000 };

describe('a block is due', () => {
  it('after checkpointAfter, and empty blocks follow until it is committed, then none', () => {
    const lab = make({ limits: { checkpointAfterMs: 400 } });
    lab.submit(0, lab.transaction(['a']));
    lab.run(150);
    expect(heights(lab)).toEqual([0, 0, 0, 0]);
    lab.run(2000);
    expect(committed(lab, 2).map((block) => block.entries.length)).toEqual([1]);
    const { length } = lab.sent;
    lab.run(60_000);
    expect(lab.sent).toHaveLength(length);
    const proposals = new Set(
      lab.messages('proposal').map((one) => blockDigest(one.message.proposal.block, 4)),
    );
    expect(proposals.size).toBe(2);
  });

  it('with K batches on one dependency, and not with K on different ones', () => {
    const lab = make({ limits: { ...late, checkpointBatches: 5 } });
    for (let i = 0; i < 12; i++) {
      lab.submit(i % 4, lab.transaction([`own ${i}`]));
      lab.run(40);
    }
    expect(heights(lab)).toEqual([0, 0, 0, 0]);
    for (let i = 0; i < 5; i++) {
      lab.submit(0, lab.transaction(['same']));
      lab.run(40);
    }
    lab.run(300);
    expect(Math.min(...heights(lab))).toBeGreaterThan(0);
    expect(committed(lab, 1)[0]!.entries.length).toBeGreaterThanOrEqual(16);
  });

  it('with K batches on one dependency when some of them depend on everything', () => {
    const lab = make({ limits: { ...late, checkpointBatches: 3 } });
    for (const at of [0, 0]) {
      lab.submit(at, lab.transaction(undefined));
      lab.run(60);
    }
    expect(heights(lab)).toEqual([0, 0, 0, 0]);
    lab.submit(0, lab.transaction(['same']));
    lab.run(300);
    expect(Math.min(...heights(lab))).toBeGreaterThan(0);
  });

  it('when an ingress has used W/2 numbers', () => {
    const lab = make({ limits: { ...late, window: 10 } });
    for (let i = 0; i < 4; i++) {
      lab.submit(0, lab.transaction([`${i}`]));
      lab.run(40);
    }
    expect(heights(lab)).toEqual([0, 0, 0, 0]);
    lab.submit(0, lab.transaction(['last']));
    lab.run(500);
    expect(Math.min(...heights(lab))).toBeGreaterThan(0);
  });

  it('at once for what its score does not make final', () => {
    const lab = make({ limits: late });
    for (const one of all) lab.submit(one, lab.transaction(['same']));
    lab.run(2500);
    for (const one of all) expect(lab.delivered(one)).toHaveLength(4);
    expect(new Set(all.map((one) => lab.delivered(one).join())).size).toBe(1);
    expect(Math.min(...heights(lab))).toBeGreaterThan(0);
  });
});

describe('a leader', () => {
  it('resends the same proposal after a restart, and never another one in its view', () => {
    const lab = make({ limits: { checkpointAfterMs: 200 } });
    const leader = lab.leader();
    const follower = all.find((one) => one !== leader)!;
    lab.passes = ({ message }) => message.type !== 'blockVotes';
    lab.submit(follower, lab.transaction(['a']));
    lab.run(500);
    const before = lab.messages('proposal', { from: leader }).map((one) => one.message.proposal);
    expect(before.length).toBeGreaterThan(0);
    lab.crash(leader);
    lab.submit(follower, lab.transaction(['b']));
    lab.run(20);
    lab.start(leader);
    links(lab, leader);
    lab.run(20);
    const own = lab.messages('proposal', { from: leader }).map((one) => one.message.proposal);
    expect(own.length).toBeGreaterThan(before.length);
    for (const one of own) expect(one).toEqual(before[0]);
    expect(lab.messages('proposal', { from: leader }).every((one) => one.durable)).toBe(true);
    lab.passes = () => true;
    lab.run(20_000);
    // The leader tells again of what no block held when it went down.
    for (const one of all) expect(new Set(lab.delivered(one)).size).toBe(2);
    expect(all.flatMap((one) => lab.events(one, 'evidence'))).toEqual([]);
  });

  it('that is silent is given up; the next one orders', () => {
    const lab = make({ limits: { checkpointAfterMs: 200, leaderTerm: 4, viewTimeoutMs: 500 } });
    const leader = lab.leader();
    lab.crash(leader);
    const to = all.find((one) => one !== leader)!;
    lab.submit(to, lab.transaction(['a']));
    lab.run(60_000);
    for (const one of all.filter((each) => each !== leader)) {
      expect(lab.delivered(one)).toHaveLength(1);
      expect(lab.engine(one).status().view).toBeGreaterThan(4);
    }
    const timeouts = lab.messages('timeout');
    expect(timeouts.every((one) => one.durable && one.message.timeout.end % 4 === 0)).toBe(true);
    const statements = new Set(
      timeouts.map((one) => `${one.from} ${one.message.timeout.end} ${JSON.stringify(one.message.timeout)}`),
    );
    const ends = new Set(timeouts.map((one) => `${one.from} ${one.message.timeout.end}`));
    expect(statements.size).toBe(ends.size);
    lab.start(leader);
    links(lab, leader);
    lab.run(5000);
    expect(lab.delivered(leader)).toHaveLength(1);
  });

  it('that is known to be down costs a level, not a view; one that is back has its full time again', () => {
    const lab = make({ limits: { checkpointAfterMs: 200, leaderTerm: 4, viewTimeoutMs: 5000 } });
    const leader = lab.leader();
    const others = all.filter((one) => one !== leader);
    lab.crash(leader);
    for (const one of others) lab.input(one, { type: 'link', peer: signerId(leader), up: false });
    lab.submit(others[0]!, lab.transaction(['a']));
    lab.run(200 + 4 * lab.limits.levelTimeoutMs);
    for (const one of others) expect(lab.engine(one).status().height).toBe(1);

    const back = make({ limits: { checkpointAfterMs: 200, leaderTerm: 4, viewTimeoutMs: 5000 } });
    back.passes = ({ message, from }) => from !== back.leader() || message.type !== 'proposal';
    const link = (up: boolean) => {
      for (const one of others) back.input(one, { type: 'link', peer: signerId(leader), up });
    };
    back.submit(others[0]!, back.transaction(['a']));
    back.run(150);
    link(false);
    back.run(100);
    link(true);
    back.run(3500);
    expect(back.messages('timeout')).toEqual([]);
    back.run(4000);
    expect(back.messages('timeout').length).toBeGreaterThan(0);
  });

  it('two blocks in one view: evidence at whoever sees both, and nobody signs both', () => {
    const lab = make({ absent: [make({ limits: late }).leader()], limits: late });
    const leader = lab.leader();
    const present = all.filter((one) => one !== leader);
    const genesis = genesisCertificate(lab.epoch);
    const roots = ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '11'.repeat(32)];
    for (const orderRoot of roots) {
      const block: Block = {
        epoch: lab.epoch,
        height: 1 as never,
        view: 1 as never,
        parent: genesis.block,
        justify: genesis,
        entries: [],
        orderRoot: orderRoot as never,
      };
      const digest = blockDigest(block, 4);
      const bytes = lab.proposalBytes(1, digest);
      const proposal = { block, signature: lab.federation.signers[leader]!.signingKey.sign(bytes) };
      for (const one of present) lab.deliver(leader, one, { type: 'proposal', proposal, tc: undefined });
    }
    lab.run(10);
    for (const one of present) {
      expect(
        lab.events(one, 'evidence').map((event) => [event.evidence.kind, event.evidence.signer]),
      ).toEqual([['proposals', leader]]);
      const signed = lab
        .messages('blockVotes', { from: signerId(one) })
        .filter((each) => each.message.signers.includes(signerId(one)));
      expect(new Set(signed.map((each) => each.message.block)).size).toBeLessThanOrEqual(1);
    }
  });
});

describe('timeouts', () => {
  const statement = (lab: Lab, end: number): TimeoutStatement => ({
    end: end as never,
    lastSigned: 0 as never,
    highView: 0 as never,
    highBlock: genesisCertificate(lab.epoch).block,
  });
  const timeOut = (
    lab: Lab,
    from: number,
    to: number,
    end: number,
    change: Partial<TimeoutStatement> = {},
  ): void =>
    lab.deliver(from, to, {
      type: 'timeout',
      timeout: lab.timeout(from, { ...statement(lab, end), ...change }),
      high: { ...genesisCertificate(lab.epoch), ...(change.highBlock && { block: change.highBlock }) },
      entry: undefined,
    });
  const solo = () => make({ absent: [1, 2, 3], limits: { ...late, leaderTerm: 4 } });

  it('t + 1 make a signer join, q make the certificate that admits the next view', () => {
    const lab = solo();
    timeOut(lab, 1, 0, 4);
    expect([lab.messages('timeout').length, lab.engine(0).status().view]).toEqual([0, 1]);
    timeOut(lab, 2, 0, 4);
    expect(lab.messages('timeout', { to: signerId(3) })).toHaveLength(1);
    expect(lab.engine(0).status().view).toBe(5);
  });

  it('for a later term count for it alone', () => {
    const lab = solo();
    timeOut(lab, 1, 0, 4);
    timeOut(lab, 2, 0, 8);
    const joined = lab.messages('timeout').map((one) => one.message.timeout.end);
    expect(new Set(joined)).toEqual(new Set([4]));
    expect(lab.engine(0).status().view).toBe(1);
    timeOut(lab, 3, 0, 8);
    expect(lab.engine(0).status().view).toBe(9);
  });

  it('no own timeout leaves before it is durable, in whatever message', () => {
    const lab = solo();
    timeOut(lab, 1, 0, 4);
    timeOut(lab, 2, 0, 4);
    lab.input(0, { type: 'link', peer: signerId(3), up: true });
    for (const { message, durable } of lab.sent) {
      const tc = message.type === 'view' || message.type === 'proposal' ? message.tc : undefined;
      if (tc?.votes.some((vote) => vote.signer === 0))
        expect([message.type, durable]).toEqual([message.type, true]);
    }
  });

  it('one that names a made-up genesis neither counts nor spoils the certificate', () => {
    const lab = solo();
    timeOut(lab, 3, 0, 4, { highBlock: '22'.repeat(32) as never });
    timeOut(lab, 1, 0, 4);
    expect(lab.engine(0).status().view).toBe(1);
    timeOut(lab, 2, 0, 4);
    expect(lab.engine(0).status().view).toBe(5);
    lab.input(0, { type: 'link', peer: signerId(2), up: true });
    const tcs = lab.messages('view').flatMap((one) => (one.message.tc ? [one.message.tc] : []));
    expect(tcs.length).toBeGreaterThan(0);
    for (const tc of tcs) expect(lab.federation.verifier.tc(tc).ok).toBe(true);
  });

  it('the same bytes after a restart, and no other for the term', () => {
    const lab = solo();
    timeOut(lab, 1, 0, 4);
    timeOut(lab, 2, 0, 8);
    lab.run(3 * lab.limits.viewTimeoutMs);
    lab.crash(0);
    lab.start(0);
    lab.run(3 * lab.limits.viewTimeoutMs);
    lab.input(0, { type: 'link', peer: signerId(3), up: true });
    const own = lab.messages('timeout').map((one) => JSON.stringify(one.message.timeout));
    expect(own.length).toBeGreaterThan(6);
    expect(new Set(own).size).toBe(1);
  });

  it('the timer grows while nothing moves, and nothing runs when nothing is pending', () => {
    const lab = make({
      // Levels as long as views: who is suspected changes nothing.
      limits: { checkpointAfterMs: 100, viewTimeoutMs: 100, levelTimeoutMs: 100, leaderTerm: 2 },
    });
    lab.run(10_000);
    expect(lab.messages('timeout')).toHaveLength(0);
    lab.passes = ({ message }) => message.type !== 'proposal';
    lab.submit(0, lab.transaction(['a']));
    lab.run(60_000);
    const first = new Map<number, number>();
    for (const one of lab.messages('timeout', { from: signerId(0) }))
      if (!first.has(one.message.timeout.end)) first.set(one.message.timeout.end, one.at);
    const gaps = [...first.values()].slice(1).map((at, i) => at - [...first.values()][i]!);
    expect(gaps.length).toBeGreaterThan(5);
    expect(gaps[3]!).toBeGreaterThan(1.8 * gaps[2]!);
    // Two to the sixth is the most.
    expect(Math.max(...gaps)).toBeLessThan(2 * 64 * 100);
    lab.passes = () => true;
    lab.run(120_000);
    for (const one of all) expect(lab.delivered(one)).toHaveLength(1);
  });
});

describe('falling behind', () => {
  it('a signer that was away catches up over many chunks, to the same order', () => {
    const lab = make({ limits: { checkpointAfterMs: 20 } });
    const away = all.find((one) => one !== lab.leader() && one !== 0)!;
    lab.crash(away);
    for (let i = 0; i < 100; i++) {
      lab.submit(0, lab.transaction(['a']));
      lab.run(300);
    }
    const height = lab.engine(0).status().height;
    expect(height).toBeGreaterThan(128);
    lab.start(away);
    links(lab, away);
    lab.run(5000);
    expect(lab.engine(away).status().height).toBe(height);
    expect(lab.delivered(away)).toEqual(lab.delivered(0));
    const root = (at: number) => committed(lab, at).at(-1)!.orderRoot;
    expect(root(away)).toBe(root(0));
    // And it takes part again.
    lab.submit(away, lab.transaction(['a']));
    lab.run(3000);
    for (const one of all) expect(lab.delivered(one)).toHaveLength(101);
  });

  it('whatever a crash leaves of it, a block that is on disk has its batches and certificates there', () => {
    const lab = make({ limits: { checkpointAfterMs: 20 } });
    const away = all.find((one) => one !== lab.leader() && one !== 0)!;
    lab.crash(away);
    for (let i = 0; i < 5; i++) {
      lab.submit(0, lab.transaction(['a']));
      lab.run(300);
    }
    lab.start(away);
    links(lab, away);
    lab.run(5000);
    let blocks = 0;
    for (const at of all) {
      const rows = new Set<string>();
      for (const { writes, lazyWrites } of lab.nodes[at]!.outputs) {
        for (const { table, key, value } of writes) if (value) rows.add(`${table}/${toHex(key)}`);
        // A step's writes are on disk together; what it wrote lazily may be lost.
        for (const { table, value } of writes) {
          if (table !== 'block' || !value) continue;
          blocks += 1;
          for (const { batch, certificate } of must(decodeBlock(value, lab.n)).entries) {
            expect(rows).toContain(`batch/${batch}`);
            expect(rows).toContain(`certificate/${certificate}`);
          }
        }
        for (const { table, key } of lazyWrites) rows.add(`${table}/${toHex(key)}`);
      }
    }
    expect(blocks).toBe(4 * lab.engine(0).status().height);
  });

  it('blocks that do not follow each other, or whose certificate is false, are refused', () => {
    const lab = make({ limits: { checkpointAfterMs: 50 } });
    lab.crash(3);
    for (let i = 0; i < 3; i++) {
      lab.submit(0, lab.transaction(['a']));
      lab.run(1500);
    }
    lab.passes = ({ to }) => to !== 3;
    lab.start(3);
    const count = lab.sent.length;
    lab.deliver(3, 0, { type: 'catchUp', from: 1 as never });
    const answer = lab.sent.slice(count).find((one) => one.message.type === 'blocks')!.message;
    if (answer.type !== 'blocks') throw new Error('no blocks');
    const { blocks, qc } = answer;
    for (const wrong of [
      { ...answer, blocks: blocks.slice(1).reverse() },
      { ...answer, blocks: [blocks[0]!, ...blocks.slice(2)] },
      { ...answer, blocks: [] },
      { ...answer, qc: { ...qc, signature: new Uint8Array(32).fill(1) } },
      { ...answer, qc: lab.blockVotes(qc.view, qc.block, [0, 1]) },
      { ...answer, proof: [] },
    ])
      lab.deliver(0, 3, wrong);
    expect(lab.events(3, 'refused')).toHaveLength(6);
    expect(lab.engine(3).status().height).toBe(0);
    lab.passes = () => true;
    lab.deliver(0, 3, answer);
    lab.run(3000);
    expect(lab.engine(3).status().height).toBe(lab.engine(0).status().height);
  });
});
