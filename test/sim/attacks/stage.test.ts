/** The stage: what decides a trial, and what leaves it undecided. */

import { describe, expect, it } from 'vitest';
import type { AttackOptions } from '../../../sim/attacks/attack.ts';
import {
  demandOrdered,
  disagreeing,
  judged,
  parameterOf,
  sceneOf,
  victimDelayed,
  victimScene,
} from '../../../sim/attacks/stage.ts';

const options: AttackOptions = {
  seed: 'stage',
  rule: 'engine',
  signers: 4,
  byzantine: 1,
  faulty: 1,
  liars: 0,
  network: 'lan',
  parameters: {},
};
const scene = { ...sceneOf(options), transactions: 2, durationMs: 100 };

describe('a staged attack', () => {
  it('is what its goal says', () => {
    const trial = (reached: boolean) =>
      judged(options, scene, () => ({ reached, reason: 'so', figures: { x: 1 } }));
    expect(trial(true)).toMatchObject({ outcome: 'succeeded', figures: { x: 1, wronglyBlamed: 0 } });
    expect(trial(false)).toMatchObject({ outcome: 'failed', liars: [], violated: [] });
  });
  it('is unknown when its goal throws', () => {
    const trial = judged(options, scene, () => {
      throw new Error('no idea');
    });
    expect(trial).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('no idea') });
  });
  it('is unknown when a checker crashes, whatever the goal says', () => {
    const crash = {
      name: 'crash',
      check: () => {
        throw new Error('broken');
      },
    };
    const trial = judged(options, { ...scene, checkers: [crash] }, () => ({ reached: true, reason: 'so' }));
    expect(trial).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('crash') });
  });
  it('names what a checker objects to, and carries a trace when asked', () => {
    const object = { name: 'objection', check: () => ['wrong'] };
    const trial = judged({ ...options, traced: true }, { ...scene, checkers: [object] }, ({ world }) => ({
      reached: world.now < 0,
      reason: 'no',
    }));
    expect(trial.violated).toEqual(['objection']);
    expect(trial.trace?.traceHash).toBe(trial.traceHash);
  });
  it('demands that everything was ordered, where that is what decides', () => {
    const late = judged(
      options,
      { ...scene, progressMs: 0, limits: { checkpointAfterMs: 60_000 } },
      (run) => {
        demandOrdered(run);
        return { reached: false, reason: 'one order' };
      },
    );
    expect(late).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringContaining('not everything was ordered'),
    });
    const done = judged(options, scene, (run) => {
      demandOrdered(run);
      return { reached: false, reason: 'one order' };
    });
    expect(done.outcome).toBe('failed');
  });
  it('counts as disagreement what is about the order, not about times or roots', () => {
    const objecting = ['fairness', 'engines', 'delivery order', 'learners', 'progress'].map((name) => ({
      name,
      check: () => ['wrong'],
    }));
    let names: string[] = [];
    judged(options, { ...scene, checkers: objecting }, (run) => {
      names = disagreeing(run);
      return { reached: true, reason: 'so' };
    });
    expect(names).toEqual(['delivery order', 'learners']);
  });
  it('counts only what the victim was sent within the scene', () => {
    const small = victimScene(options, 2, 50);
    const delayed = victimDelayed(options, small, 1000);
    const late: unknown[] = [];
    judged(options, { ...small, progressMs: 2000 }, (run) => {
      const { figures } = delayed(run);
      run.world.submit(3 as never, run.world.transaction(['never delivered']));
      late.push(figures, delayed(run).figures);
      return { reached: false, reason: 'so' };
    });
    expect(late[1]).toEqual(late[0]);
  });
  it('refuses a parameter of another type, by name', () => {
    const odd = { ...options, parameters: { boundMs: 'long' } };
    expect(() => parameterOf(odd, { name: 'boundMs', initial: 5 })).toThrow(
      'parameter boundMs must be a number',
    );
  });
});
