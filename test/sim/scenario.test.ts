/** Scenario files: what was left to the seed written out gives the same run; bad ones are refused by field. */

import { describe, expect, it } from 'vitest';
import { adversaryNames, choose } from '../../sim/adversaries/catalog.ts';
import { Random } from '../../sim/random.ts';
import { simulate } from '../../sim/run.ts';
import { checkOptions, decodeScenario, encodeScenario, materialise } from '../../sim/scenario.ts';
import { signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { named, type Shape, upTo } from './support.ts';

const four: Shape = [4, 1, 1];
const short = { transactions: 20, durationMs: 800 };

describe('a scenario', () => {
  it('gives the same run when nothing is left to the seed, also from a file', () => {
    for (const i of upTo(4)) {
      const options = named(`scenario-${i}`, four, short);
      const written = materialise(options);
      const read = must(decodeScenario(encodeScenario(written)));
      const { traceHash } = simulate(options);
      expect(simulate(written).traceHash).toBe(traceHash);
      expect(simulate(read).traceHash).toBe(traceHash);
    }
  });

  it('keeps all that is data, and leaves code out', () => {
    const options = named('data', four, { ...short, adversaries: ['replay'], faults: 'none', conflict: 0.5 });
    const text = encodeScenario({ ...options, watch: () => undefined, checkers: [] });
    expect(must(decodeScenario(text))).toEqual(options);
  });
});

it('whatever is drawn for a strategy can be written down and read', () => {
  for (const name of adversaryNames)
    for (const i of upTo(20)) {
      const adversaries = [{ signer: signerId(1), strategies: [choose(name, new Random(`draw ${i}`))] }];
      must(decodeScenario(encodeScenario(named('drawn', four, { adversaries }))));
    }
});

describe('what is refused, and the field that is at fault', () => {
  const valid = { seed: 's', signers: 4, byzantine: 1, faulty: 1 };
  const fault = { kind: 'slowNode', at: 1, forMs: 1, node: 1, delayMs: 1 };
  const liar = (name: string, parameters: object) => ({ signer: 1, strategies: [{ name, parameters }] });
  const plan = (one: object) => ({
    weather: { latencyMs: 0, jitterMs: 0, loss: 0, duplication: 0, reorder: false },
    faults: [one],
  });
  it.each([
    [{ ...valid, seed: '' }, 'seed'],
    [{ ...valid, signers: 1.5 }, 'signers'],
    [{ ...valid, network: 'moon' }, 'network'],
    [{ ...valid, nonsense: 1 }, 'nonsense'],
    [{ ...valid, limits: { windows: 4 } }, 'limits'],
    [{ ...valid, limits: { window: 'x' } }, 'limits.window'],
    [{ ...valid, threshold: 1.2 }, 'threshold'],
    [{ ...valid, submissions: [{ at: -1, to: 0 }] }, 'submissions.0.at'],
    [{ ...valid, faults: plan({ ...fault, delayMs: 'x' }) }, 'faults'],
    [{ ...valid, faults: plan({ ...fault, node: 9 }) }, 'signer 9 is named, and there are 4'],
    [{ ...valid, links: [{ from: 0, to: 7, latencyMs: 1 }] }, 'signer 7 is named'],
    [{ ...valid, submissions: [{ at: 1, to: [0, 5] }] }, 'signer 5 is named'],
    [{ ...valid, adversaries: [{ signer: 4, strategies: [] }] }, 'signer 4 is named'],
    [{ ...valid, byzantine: 2, faulty: 2 }, 'two quorums'],
    [{ ...valid, limits: { window: 1.5 } }, 'limits.window'],
    [{ ...valid, limits: { leaderTerm: 0 } }, 'limits.leaderTerm'],
    [{ ...valid, fanout: 1e15 }, 'fanout'],
    [{ ...valid, liars: 5 }, 'liars: 5 of 4'],
    [{ ...valid, faults: plan({ ...fault, kind: 'crush' }) }, 'faults.faults.0.kind'],
    [{ ...valid, adversaries: ['nobody'] }, 'equivocating-votes'],
    [{ ...valid, adversaries: [liar('replay', { chance: 1 }), liar('replay', { chance: 1 })] }, 'two plans'],
    [{ ...valid, adversaries: [liar('replay', { wrong: 1 })] }, 'replay has no parameter "wrong"'],
    [{ ...valid, adversaries: [liar('replay', {})] }, 'replay lacks its parameter "chance"'],
    [{ ...valid, adversaries: [liar('replay', { chance: 'x' })] }, 'parameter "chance": expected a number'],
  ])('%j', (options, field) => {
    const checked = checkOptions(options);
    if (checked.ok) throw new Error('it was accepted');
    expect(checked.error.message).toContain(field);
    expect(checked.error.message).not.toContain('\n');
  });

  it('is not JSON', () => {
    expect(decodeScenario('{')).toMatchObject({ ok: false });
  });

  it.each([
    'crash',
    'blackout',
    'partition',
    'spike',
    'slowDisk',
    'fullDisk',
    'slowNode',
    'justUnder',
    'drift',
    'jump',
  ])('takes a %s', (kind) => {
    const all = {
      node: 1,
      members: [1],
      keep: 0.5,
      torn: 0.5,
      oneWay: true,
      delayMs: 1,
      syncMs: 1,
      timeout: 'view',
      rate: 2,
      byMs: -5,
    };
    const wanted: Record<string, readonly (keyof typeof all)[]> = {
      crash: ['node', 'keep', 'torn'],
      blackout: ['keep'],
      partition: ['members', 'oneWay'],
      spike: ['members', 'delayMs'],
      slowDisk: ['node', 'syncMs'],
      fullDisk: ['node'],
      slowNode: ['node', 'delayMs'],
      justUnder: ['node', 'timeout'],
      drift: ['node', 'rate'],
      jump: ['node', 'byMs'],
    };
    const one = Object.fromEntries(wanted[kind]!.map((field) => [field, all[field]]));
    expect(checkOptions({ ...valid, faults: plan({ kind, at: 1, forMs: 1, ...one }) }).ok).toBe(true);
    expect(checkOptions({ ...valid, faults: plan({ kind, at: 1, ...one }) }).ok).toBe(false);
  });
});
