/**
 * Safety against the list of everything signed so far: every short run of proposals, timeouts and higher
 * certificates, with a restart from the record after each step. The rules are read off protocol section 6.
 */

import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { hash } from '../../src/base/hash.ts';
import type { BlockDigest, Epoch, Height, SignerId, View } from '../../src/base/ids.ts';
import {
  type Block,
  blockDigest,
  genesisCertificate,
  type QuorumCertificate,
} from '../../src/messages/block.ts';
import type { TimeoutCertificate } from '../../src/messages/timeout.ts';
import { decodeSafety, encodeSafety, Safety, type SafetyRecord } from '../../src/phases/safety.ts';
import { isTermEnd, termEnd, termOf } from '../../src/phases/terms.ts';

const n = 4;
const leaderTerm = 2;
const lastView = 4;
const epoch = hash('federation', utf8('safety')) as unknown as Epoch;
const genesis = genesisCertificate(epoch);
const qcOf = (view: number): QuorumCertificate =>
  view === 0
    ? genesis
    : {
        view: view as View,
        block: hash('block', utf8(`${view}`)) as BlockDigest,
        signers: [0, 1, 2] as SignerId[],
        signature: new Uint8Array(96).fill(view),
      };
const blockOf = (view: number, justify: number): Block => ({
  epoch,
  height: 1 as Height,
  view: view as View,
  parent: qcOf(justify).block,
  justify: qcOf(justify),
  entries: [],
  orderRoot: hash('order-leaf'),
});
const tcOf = (end: number, high: number): TimeoutCertificate => ({
  end: end as View,
  votes: [],
  high: qcOf(high),
});

const fresh: SafetyRecord = {
  lastSigned: 0 as View,
  lastBlock: genesis.block,
  timeout: undefined,
  timeoutHigh: undefined,
  high: genesis,
};

type Action =
  | {
      kind: 'block';
      view: number;
      justify: number;
      tc: { end: number; high: number } | undefined;
      current: number;
    }
  | { kind: 'timeout'; end: number }
  | { kind: 'raise'; view: number };

/** What a signer did, in order. */
type Done =
  | { kind: 'block'; view: number; justify: number; tc: { end: number; high: number } | undefined }
  | { kind: 'timeout'; end: number; lastSigned: number; high: number };

function actions(): Action[] {
  const list: Action[] = [];
  for (let view = 1; view <= lastView; view++) {
    list.push({ kind: 'raise', view });
    for (let justify = 0; justify < view; justify++)
      for (const tc of [
        undefined,
        { end: view - 1, high: 0 },
        { end: view - 1, high: 2 },
        { end: 2, high: 0 },
      ])
        list.push({ kind: 'block', view, justify, tc, current: view });
    list.push({ kind: 'block', view, justify: view - 1, tc: undefined, current: view + 1 });
    list.push({ kind: 'block', view, justify: view - 1, tc: undefined, current: view - 1 });
  }
  for (const end of [2, 4]) list.push({ kind: 'timeout', end });
  return list;
}

/** The rule, from the list of what was done: whether a block may be signed. */
function allowed(done: readonly Done[], action: Action & { kind: 'block' }): boolean {
  const { view, justify, tc, current } = action;
  const signed = Math.max(0, ...done.map((one) => (one.kind === 'block' ? one.view : 0)));
  const givenUp = Math.max(0, ...done.map((one) => (one.kind === 'timeout' ? one.end : 0)));
  const admitted = justify === view - 1 || (tc !== undefined && tc.end === view - 1 && justify >= tc.high);
  return current === view && view > signed && view > givenUp && admitted;
}

/** The invariants of the file's header, over everything signed. */
function check(done: readonly Done[], high: number): void {
  done.forEach((one, i) => {
    const earlier = done.slice(0, i);
    const views = earlier.flatMap((two) => (two.kind === 'block' ? [two.view] : []));
    const ends = earlier.flatMap((two) => (two.kind === 'timeout' ? [two.end] : []));
    const justified = earlier.flatMap((two) => (two.kind === 'block' ? [two.justify] : [two.high]));
    if (one.kind === 'block') {
      expect(one.view).toBeGreaterThan(Math.max(0, ...views, ...ends));
      if (one.justify !== one.view - 1) {
        expect(one.tc?.end).toBe(one.view - 1);
        expect(one.justify).toBeGreaterThanOrEqual(one.tc!.high);
      }
      expect(high).toBeGreaterThanOrEqual(one.justify);
    } else {
      expect(one.end).toBeGreaterThan(Math.max(0, ...ends));
      expect(one.lastSigned).toBe(Math.max(0, ...views));
      expect(one.high).toBeGreaterThanOrEqual(Math.max(0, ...justified));
      expect(high).toBeGreaterThanOrEqual(one.high);
    }
  });
}

/** Does one action; the record goes to bytes and back, as over a restart. */
function act(record: SafetyRecord, done: Done[], action: Action): SafetyRecord {
  const safety = new Safety(record);
  const before = record.high.view;
  if (action.kind === 'raise') {
    expect(safety.raise(qcOf(action.view))).toBe(action.view > before);
    expect(safety.high.view).toBe(Math.max(before, action.view));
  } else if (action.kind === 'timeout') {
    const statement = safety.timeoutStatement(action.end as View);
    const latest = Math.max(0, ...done.map((one) => (one.kind === 'timeout' ? one.end : 0)));
    expect(statement !== undefined).toBe(action.end > latest);
    if (statement) {
      const timeout = safety.signTimeout(statement, 1 as SignerId, new Uint8Array(64).fill(action.end));
      expect(safety.record.timeout).toBe(timeout);
      expect(safety.record.timeoutHigh).toEqual(qcOf(statement.highView));
      expect(statement.highBlock).toBe(qcOf(statement.highView).block);
      expect(safety.timedOut).toBe(action.end);
      done.push({
        kind: 'timeout',
        end: action.end,
        lastSigned: statement.lastSigned,
        high: statement.highView,
      });
    }
  } else {
    const block = blockOf(action.view, action.justify);
    const tc = action.tc && tcOf(action.tc.end, action.tc.high);
    const objection = safety.refuses(block, tc, action.current as View);
    expect(
      objection === undefined,
      `${JSON.stringify(action)} after ${JSON.stringify(done)}: ${objection}`,
    ).toBe(allowed(done, action));
    if (objection === undefined) {
      const digest = blockDigest(block, n);
      safety.signBlock(block, digest);
      expect(safety.record).toMatchObject({ lastSigned: action.view, lastBlock: digest });
      done.push({ kind: 'block', view: action.view, justify: action.justify, tc: action.tc });
    }
  }
  expect(safety.high.view).toBeGreaterThanOrEqual(before);
  return safety.record;
}

describe('safety', () => {
  it('every run of three actions, with a restart after each', () => {
    const all = actions();
    let runs = 0;
    const go = (record: SafetyRecord, done: readonly Done[], depth: number): void => {
      check(done, record.high.view);
      if (depth === 0) return;
      for (const action of all) {
        runs += 1;
        const next = [...done];
        const after = act(record, next, action);
        // What changed nothing leads nowhere new.
        if (after !== record) go(after, next, depth - 1);
      }
    };
    go(fresh, [], 3);
    expect(runs).toBeGreaterThan(10_000);
  });

  it('the same block may be signed again, no other one, and not after a timeout', () => {
    const block = blockOf(1, 0);
    const digest = blockDigest(block, n);
    const safety = new Safety(fresh);
    expect(safety.signedAlready(block, digest)).toBe(false);
    safety.signBlock(block, digest);
    expect(safety.refuses(block, undefined, 1 as View)).toBeDefined();
    expect(safety.signedAlready(block, digest)).toBe(true);
    const other = { ...block, height: 2 as Height };
    expect(safety.signedAlready(other, blockDigest(other, n))).toBe(false);
    safety.signBlock(blockOf(2, 1), blockDigest(blockOf(2, 1), n));
    expect(safety.signedAlready(block, digest)).toBe(false);
    expect(safety.signedAlready(blockOf(2, 1), blockDigest(blockOf(2, 1), n))).toBe(true);
    safety.signTimeout(safety.timeoutStatement(2 as View)!, 1 as SignerId, new Uint8Array(64));
    expect(safety.signedAlready(blockOf(2, 1), blockDigest(blockOf(2, 1), n))).toBe(false);
  });

  it('the record comes back as it was', () => {
    const safety = new Safety(fresh);
    safety.raise(qcOf(3));
    safety.signTimeout(safety.timeoutStatement(4 as View)!, 1 as SignerId, new Uint8Array(64).fill(4));
    safety.raise(qcOf(4));
    safety.signBlock(blockOf(5, 4), qcOf(5).block);
    for (const record of [fresh, safety.record])
      expect(decodeSafety(encodeSafety(record, n), n)).toEqual(record);
    const bytes = encodeSafety(safety.record, n);
    expect(() => decodeSafety(bytes.subarray(1), n)).toThrow();
    expect(() => decodeSafety(Uint8Array.of(...bytes, 0), n)).toThrow();
    expect(toHex(encodeSafety(decodeSafety(bytes, n), n))).toBe(toHex(bytes));
  });
});

describe('terms', () => {
  it('each view belongs to one term, and ends it or does not', () => {
    for (const term of [2, 3, 32])
      for (let view = 1; view <= 100; view++) {
        const at = view as View;
        expect(termOf(at, term)).toBe(Math.ceil(view / term) - 1);
        expect(termEnd(at, term)).toBe(Math.ceil(view / term) * term);
        expect(isTermEnd(at, term)).toBe(view % term === 0);
        expect(isTermEnd(termEnd(at, term), term)).toBe(true);
      }
    expect(isTermEnd(0 as View, leaderTerm)).toBe(false);
  });
});
