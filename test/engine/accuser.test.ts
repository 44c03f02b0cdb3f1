/**
 * Evidence from verified statements, each kind once, convincing to anybody offline (protocol section 10).
 * And none against anybody who only crashed, or was slow, or was lied to.
 */

import { describe, expect, it } from 'vitest';
import { attempt, type BlockDigest, type Height, signerId } from '../../src/base/ids.ts';
import { LedgerOverlay } from '../../src/base/overlay.ts';
import { Accuser } from '../../src/engine/accuser.ts';
import type { EngineEvent } from '../../src/engine/contract.ts';
import type { Core } from '../../src/engine/core.ts';
import {
  type Block,
  blockDigest,
  genesisCertificate,
  type QuorumCertificate,
} from '../../src/messages/block.ts';
import { decodeEvidence, type Evidence, encodeEvidence } from '../../src/messages/evidence.ts';
import type { TimeoutStatement } from '../../src/messages/timeout.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { verifyEvidence } from '../../src/verify/evidence.ts';
import { Lab } from './lab.ts';

const limits = { checkpointAfterMs: 1_000_000, leaderTerm: 4 };
/** Signer 0 runs, the test speaks for the others, and 3 lies. */
const alone = () => {
  const lab = new Lab({ signers: 4, byzantine: 1, absent: [1, 2, 3], limits });
  lab.passes = () => false;
  return lab;
};
const found = (lab: Lab): Evidence[] => lab.events(0, 'evidence').map((event) => event.evidence);

/** What was found: these kinds against signer 3, in this order; convincing, stored, and only reported once. */
function expectFound(lab: Lab, ...kinds: Evidence['kind'][]): void {
  expect(found(lab).map((one) => [one.kind, one.signer])).toEqual(kinds.map((kind) => [kind, 3]));
  for (const one of found(lab)) {
    const bytes = encodeEvidence(one, 4);
    expect(decodeEvidence(bytes, 4)).toEqual({ ok: true, value: one });
    expect(verifyEvidence(one, lab.federation.verifier)).toMatchObject({ ok: true });
    const stored = [...lab.nodes[0]!.store.range('evidence', new Uint8Array(0), 100)];
    expect(stored.some(([, value]) => Buffer.from(value).equals(bytes))).toBe(true);
  }
  lab.crash(0);
  lab.start(0);
  expect(found(lab)).toHaveLength(kinds.length);
}

describe('votes', () => {
  const certify = (lab: Lab, batch: Parameters<Lab['votes']>[0], contents: Parameters<Lab['votes']>[1]) =>
    lab.deliver(1, 0, {
      type: 'certificate',
      root: signerId(1),
      attempt: attempt(0),
      certificate: lab.votes(batch, contents),
    });
  const batches = (lab: Lab) => {
    const t = lab.batch(1, 1, [lab.transaction(['a'])]);
    const u = lab.batch(2, 1, [lab.transaction(['a'])]);
    for (const one of [t, u])
      lab.deliver(one.header.ingress, 0, {
        type: 'announce',
        root: one.header.ingress,
        attempt: attempt(0),
        batch: one,
      });
    return { t, u };
  };

  it('two different votes on one batch', () => {
    const lab = alone();
    const { t, u } = batches(lab);
    certify(lab, t, { 1: {}, 2: {}, 3: {} });
    certify(lab, t, { 0: {}, 1: {}, 2: {} });
    expect(found(lab)).toEqual([]);
    certify(lab, t, { 1: {}, 2: {}, 3: { before: [u.id] } });
    certify(lab, t, { 1: {}, 2: {}, 3: { base: 1 as Height } });
    expectFound(lab, 'votes');
  });

  it('votes that list each other, whichever comes first', () => {
    for (const turn of [false, true]) {
      const lab = alone();
      const { t, u } = batches(lab);
      const first = turn ? u : t;
      const second = turn ? t : u;
      certify(lab, first, { 1: {}, 2: {}, 3: { before: [second.id] } });
      expect(found(lab)).toEqual([]);
      certify(lab, second, { 1: {}, 2: {}, 3: { before: [first.id] } });
      expectFound(lab, 'mutual');
    }
  });

  it('two batches with one number', () => {
    const lab = alone();
    for (const name of ['x', 'y']) {
      const batch = lab.batch(3, 1, [lab.transaction([name])]);
      lab.deliver(3, 0, { type: 'announce', root: signerId(3), attempt: attempt(0), batch });
    }
    expectFound(lab, 'batches');
  });
});

describe('blocks and timeouts', () => {
  const genesis = (lab: Lab) => genesisCertificate(lab.epoch);
  const blockOn = (lab: Lab, justify: QuorumCertificate, view: number, height: number): Block => ({
    epoch: lab.epoch,
    height: height as never,
    view: view as never,
    parent: justify.block,
    justify,
    entries: [],
    orderRoot: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as never,
  });
  const view = (lab: Lab, high: QuorumCertificate) =>
    lab.deliver(1, 0, { type: 'view', high, tc: undefined, committed: 0 as never });
  const give = (lab: Lab, ...blocks: Block[]) =>
    lab.deliver(1, 0, { type: 'copy', batches: [], certificates: [], blocks });
  const timeOut = (lab: Lab, statement: Partial<TimeoutStatement>, high = genesis(lab)) =>
    lab.deliver(3, 0, {
      type: 'timeout',
      timeout: lab.timeout(3, {
        end: 4 as never,
        lastSigned: 0 as never,
        highView: high.view,
        highBlock: high.block,
        ...statement,
      }),
      high,
      entry: undefined,
    });

  it('signatures on two blocks in one view', () => {
    const lab = alone();
    const digests = ['33', '44'].map((byte) => byte.repeat(32) as BlockDigest);
    view(lab, lab.blockVotes(2, digests[0]!, [1, 2, 3]));
    const { leader } = lab.engine(0).status();
    expect(found(lab)).toEqual([]);
    // A second certificate of the view needs more liars than there may be: it comes beside a timeout.
    const second = lab.blockVotes(2, digests[1]!, [0, 2, 3]);
    lab.deliver(1, 0, {
      type: 'timeout',
      timeout: lab.timeout(1, {
        end: 4 as never,
        lastSigned: 2 as never,
        highView: 2 as never,
        highBlock: digests[1]!,
      }),
      high: second,
      entry: undefined,
    });
    expect(found(lab).map((one) => [one.kind, one.signer])).toEqual([
      ['blocks', 2],
      ['blocks', 3],
    ]);
    for (const one of found(lab))
      expect(verifyEvidence(one, lab.federation.verifier)).toMatchObject({ ok: true });
    expect(leader).toBeLessThan(4);
  });

  it('signatures on two blocks in one view, when nobody gave up anything', () => {
    const lab = alone();
    const reported: EngineEvent[] = [];
    const core = {
      n: 4,
      epoch: lab.epoch,
      limits: lab.federation.federation.limits,
      ledger: new LedgerOverlay(new MemoryStore()),
      emit: (event: EngineEvent) => reported.push(event),
    };
    const accuser = new Accuser(core as unknown as Core);
    const [first, second] = ['33', '44'].map((byte) => byte.repeat(32) as BlockDigest);
    accuser.qc(lab.blockVotes(2, first!, [1]));
    accuser.qc(lab.blockVotes(2, first!, [1, 3]));
    accuser.qc(lab.blockVotes(3, second!, [1, 3]));
    expect(reported).toEqual([]);
    accuser.qc(lab.blockVotes(2, second!, [0, 3]));
    accuser.qc(lab.blockVotes(2, second!, [0, 3]));
    expect(reported).toMatchObject([{ type: 'evidence', evidence: { kind: 'blocks', signer: 3 } }]);
  });

  it('two timeouts for one term that differ, and not the same one twice', () => {
    const lab = alone();
    timeOut(lab, { lastSigned: 1 as never });
    timeOut(lab, { lastSigned: 1 as never });
    timeOut(lab, { end: 8 as never, lastSigned: 1 as never });
    expect(found(lab)).toEqual([]);
    timeOut(lab, { lastSigned: 2 as never });
    expectFound(lab, 'timeouts');
  });

  it.each([false, true])('a block signature that its timeout denies (timeout first: %s)', (timeoutFirst) => {
    const lab = alone();
    const qc = lab.blockVotes(2, '33'.repeat(32) as BlockDigest, [1, 2, 3]);
    if (timeoutFirst) timeOut(lab, { lastSigned: 1 as never });
    view(lab, qc);
    if (!timeoutFirst) timeOut(lab, { lastSigned: 1 as never });
    expectFound(lab, 'signedAfterTimeout');
  });

  it('a timeout that hides a certificate which its sender had seen', () => {
    const lab = alone();
    const first = blockOn(lab, genesis(lab), 1, 1);
    const qc = lab.blockVotes(1, blockDigest(first, 4), [1, 2, 3]);
    const second = blockOn(lab, qc, 2, 2);
    const high = lab.blockVotes(2, blockDigest(second, 4), [1, 2, 3]);
    view(lab, high);
    lab.run(1);
    give(lab, second, first);
    lab.run(1);
    give(lab, first);
    timeOut(lab, { lastSigned: 2 as never });
    expectFound(lab, 'hiddenQc');
  });

  it('an honest timeout after honest signatures is no evidence', () => {
    const lab = alone();
    const first = blockOn(lab, genesis(lab), 1, 1);
    const qc = lab.blockVotes(1, blockDigest(first, 4), [1, 2, 3]);
    view(lab, qc);
    give(lab, first);
    timeOut(lab, { lastSigned: 1 as never }, qc);
    timeOut(lab, { end: 8 as never, lastSigned: 6 as never }, qc);
    view(lab, lab.blockVotes(6, '55'.repeat(32) as BlockDigest, [1, 2, 3]));
    expect(found(lab)).toEqual([]);
  });
});

it('crashes, restarts and lost messages convict nobody', () => {
  const lab = new Lab({
    signers: 4,
    byzantine: 1,
    limits: { checkpointAfterMs: 100, leaderTerm: 2, viewTimeoutMs: 60, levelTimeoutMs: 20 },
  });
  for (let i = 0; i < 60; i++) {
    lab.submit(i % 4, lab.transaction(i % 7 === 0 ? undefined : ['a', `${i % 3}`]));
    const lost = i % 5;
    lab.passes = ({ from, to, message }) => (from + 2 * to + message.type.length + i) % 5 !== lost;
    lab.run(20 + (i % 4) * 30);
    if (i % 6 === 5) {
      const one = ((i / 6) % 4) | 0;
      lab.crash(one);
      lab.run(30);
      lab.start(one);
      for (let other = 0; other < 4; other++)
        if (other !== one) {
          lab.input(one, { type: 'link', peer: signerId(other), up: true });
          lab.input(other, { type: 'link', peer: signerId(one), up: true });
        }
    }
  }
  lab.passes = () => true;
  lab.run(120_000);
  // What still waited for a batch when its signer went down is gone: nobody was told that it was accepted.
  const accepted = lab.nodes.flatMap((_, one) =>
    lab.events(one, 'accepted').flatMap((event) => event.transactions),
  );
  expect(accepted.length).toBeGreaterThan(40);
  for (let one = 0; one < 4; one++) {
    expect(lab.events(one, 'evidence')).toEqual([]);
    expect(new Set(lab.delivered(one))).toEqual(new Set(accepted));
  }
});
