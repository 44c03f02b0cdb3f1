/** Traces: the same run with a picture; every message that arrives was sent; scores are those of the rule. */

import { describe, expect, it } from 'vitest';
import { fairWeather } from '../../sim/network/quality.ts';
import { simulate } from '../../sim/run.ts';
import { shortNames } from '../../sim/trace/names.ts';
import { traceRun } from '../../sim/trace/run.ts';
import type { Trace, TraceEvent } from '../../sim/trace/trace.ts';
import { signerId } from '../../src/base/ids.ts';
import { named, upTo } from './support.ts';

const options = named('traced', [4, 1, 1], { transactions: 30, durationMs: 900 });
const of = <K extends TraceEvent['kind']>(trace: Trace, kind: K): Extract<TraceEvent, { kind: K }>[] =>
  trace.events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

describe('a trace', () => {
  const { report, trace } = traceRun(options, 'a run');

  it('is of the very run that is simulated without it', () => {
    expect(report).toEqual(simulate(options));
    expect(trace.traceHash).toBe(report.traceHash);
    expect(traceRun(options, 'a run').trace).toEqual(trace);
  });

  it('ascends in time, and says what it is of', () => {
    expect(trace.events.every((event, i) => i === 0 || event.at >= trace.events[i - 1]!.at)).toBe(true);
    expect(trace).toMatchObject({ title: 'a run', rule: 'engine', signers: 4, quorum: 3, threshold: 4 });
    expect(trace.liars).toEqual(report.liars.map(({ signer }) => signer));
  });

  it('has each message that arrives as one that was sent, later and between the same two', () => {
    const sent = new Map(of(trace, 'sent').map((event) => [event.id, event]));
    const received = of(trace, 'received');
    expect(received.length).toBeGreaterThan(500);
    for (const { id, at, from, to } of received) {
      expect(sent.get(id)).toMatchObject({ from, to });
      expect(sent.get(id)!.at).toBeLessThan(at);
      expect(sent.get(id)!.bytes).toBeGreaterThan(0);
    }
  });

  it('names each batch once, before anything happens to it, with its tree', () => {
    const seen = new Set<string>();
    for (const event of trace.events) {
      if (event.kind === 'made') {
        expect(seen.has(event.batch)).toBe(false);
        seen.add(event.batch);
        expect(event.parents[event.node]).toBe(-1);
        expect(event.parents.filter((parent) => parent === -1)).toHaveLength(1);
      }
      if (event.kind === 'arrived' || event.kind === 'delivered') expect(seen.has(event.batch)).toBe(true);
    }
    expect(Object.keys(trace.names).sort()).toEqual([...seen].sort());
    expect(new Set(Object.values(trace.names)).size).toBe(seen.size);
  });

  it('has a score of at least the threshold for what is final by score, and none for the rest', () => {
    const delivered = of(trace, 'delivered');
    for (const { finality, score } of delivered)
      if (finality === 'score') expect(score).toBeGreaterThanOrEqual(trace.threshold);
      else expect(score).toBeUndefined();
    expect(new Set(delivered.map(({ finality }) => finality))).toEqual(new Set(['score', 'order']));
  });

  it('says when signers go down and come up, and the same score holds after a restart', () => {
    const crash = { kind: 'crash', at: 300, forMs: 200, node: signerId(1), keep: 'none' } as const;
    for (const i of upTo(3)) {
      const faults = { weather: fairWeather, faults: [crash] };
      const crashed = traceRun(
        { ...options, seed: `crashed-${i}`, adversaries: 'none', faults },
        'a crash',
      ).trace;
      const lives = crashed.events.flatMap((event) =>
        (event.kind === 'up' || event.kind === 'down') && event.node === 1 ? [event.kind] : [],
      );
      expect(lives).toEqual(['up', 'down', 'up']);
      expect(of(crashed, 'note').map(({ text }) => text)).toEqual([
        's1 crashes for 200 ms',
        'over: s1 crashes',
      ]);
      for (const { finality, score } of of(crashed, 'delivered'))
        if (finality === 'score') expect(score).toBeGreaterThanOrEqual(crashed.threshold);
    }
  });
});

describe('short names', () => {
  it('are letters, then letters with numbers, each once', () => {
    const ids = upTo(60).map((i) => `${i}`.padStart(64, '0'));
    const names = Object.values(shortNames(ids as never));
    expect(names.slice(0, 3)).toEqual(['A', 'B', 'C']);
    expect(names[25]).toBe('Z');
    expect(names[26]).toBe('A1');
    expect(new Set(names).size).toBe(60);
  });
});
