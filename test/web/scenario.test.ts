/** From choices to what is run: all of it from the seed, and only what is worth showing is shown. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../sim/trace/trace.ts';
import { signerId, type TransactionId } from '../../src/base/ids.ts';
import { defaultChoices } from '../../web/state/choices.ts';
import { crop } from '../../web/state/crop.ts';
import { attackOf, simulationOf } from '../../web/state/scenario.ts';
import { arrived, made, message, traceOf } from './support.ts';

describe('scenario', () => {
  it('has as many transactions on shared keys as was asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 1, max: 8 }),
        (transactions, conflict, keys) => {
          const { submissions } = simulationOf({ ...defaultChoices, transactions, conflict, keys });
          const touched = submissions!.map((one) => one.dependencies![0]!);
          const shared = touched.filter((key) => key.startsWith('x'));
          expect(touched).toHaveLength(transactions);
          expect(shared).toHaveLength(Math.round((transactions * conflict) / 100));
          expect(new Set(shared).size).toBeLessThanOrEqual(keys);
          expect(new Set(touched).size - new Set(shared).size).toBe(touched.length - shared.length);
        },
      ),
    );
  });

  it('draws other arrivals for another seed, and the same for the same', () => {
    const of = (seed: string) => simulationOf({ ...defaultChoices, seed }).submissions;
    expect(of('a')).toEqual(of('a'));
    expect(of('a')).not.toEqual(of('b'));
  });

  it('gives an attack its threshold as a share, and none unless one is chosen', () => {
    expect(attackOf({ ...defaultChoices, attack: 'flip', threshold: 75 })).toMatchObject({
      threshold: 0.75,
      traced: true,
    });
    expect(attackOf({ ...defaultChoices, attack: 'flip' })).not.toHaveProperty('threshold');
  });
});

describe('crop', () => {
  const probe: TraceEvent = {
    at: 50,
    kind: 'submitted',
    node: signerId(0),
    transaction: 't' as TransactionId,
    client: 'c',
    dependencies: ['after the faults'],
  };

  it('ends with the last thing that matters before the simulator’s own transactions', () => {
    const scene = [made(1, 'A', ['x']), arrived(2, 0, 'A', 1)];
    const chatter = message([10, 11], 1, [0, 1], { type: 'view', cargo: {} });
    const cropped = crop(traceOf([...scene, ...chatter, probe, arrived(60, 0, 'B', 2)]));
    expect(cropped.events).toEqual(scene);
    expect(cropped.endMs).toBe(2);
  });

  it('keeps all of a run without them', () => {
    const events = [made(1, 'A', ['x']), arrived(2, 0, 'A', 1)];
    expect(crop(traceOf(events)).events).toEqual(events);
  });
});
