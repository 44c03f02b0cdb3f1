/** ShiViz logs: the form that ShiViz reads, and clocks that say exactly what happened before what. */

import { describe, expect, it } from 'vitest';
import { shivizLog } from '../../../sim/report/shiviz.ts';
import { traceRun } from '../../../sim/trace/run.ts';
import type { Trace } from '../../../sim/trace/trace.ts';
import { trace } from './trace.ts';

interface Line {
  readonly host: string;
  readonly clock: Record<string, number>;
  readonly event: string;
}

/** Reads a log as ShiViz does: the expression of line 1, the delimiter of line 2, then the log. */
function read(log: string): Line[] {
  const [expression, delimiter, ...lines] = log.trimEnd().split('\n');
  expect(delimiter).toBe('');
  return lines.map((line) => {
    const groups = new RegExp(`^${expression}$`).exec(line)?.groups;
    return {
      host: groups!.host!,
      clock: JSON.parse(groups!.clock!) as Record<string, number>,
      event: groups!.event!,
    };
  });
}

/** Whether a happened before b, as clocks say it. */
const before = (a: Line, b: Line): boolean => a !== b && (b.clock[a.host] ?? 0) >= a.clock[a.host]!;

/** The dumb oracle: edges along hosts and from sending to receiving, followed until nothing is new. */
function reachable({ events }: Trace): boolean[][] {
  const hosts = events.flatMap((event, i) => {
    if (event.kind === 'sent') return [{ i, host: event.from, sent: event.id, got: -1 }];
    if (event.kind === 'received') return [{ i, host: event.to, sent: -1, got: event.id }];
    if (event.kind === 'note') return event.nodes.map((host) => ({ i, host, sent: -1, got: -1 }));
    return [{ i, host: event.node, sent: -1, got: -1 }];
  });
  const n = hosts.length;
  const reach = hosts.map((a, i) =>
    hosts.map((b, j) => i < j && (a.host === b.host || (a.sent >= 0 && a.sent === b.got))),
  );
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      if (reach[i]![k]) for (let j = 0; j < n; j++) if (reach[k]![j]) reach[i]![j] = true;
  return reach;
}

function compare(one: Trace): void {
  const lines = read(shivizLog(one));
  const reach = reachable(one);
  expect(lines.length).toBe(reach.length);
  const wrong = lines.flatMap((a, i) =>
    lines.flatMap((b, j) => (before(a, b) === reach[i]![j]! ? [] : [`${i} ${j}`])),
  );
  expect(wrong).toEqual([]);
}

describe('a ShiViz log', () => {
  it('has a line for each event, with host, clock and words', () => {
    const lines = shivizLog(trace).split('\n');
    expect(lines[0]).toBe('(?<host>\\S+) (?<clock>\\{[^}]*\\}) (?<event>.*)');
    expect(lines[2]).toBe('s0 {"s0":1} 10.000 ms client <1> submits ee55');
    expect(lines[6]).toBe('s1 {"s0":3,"s1":1} 11.000 ms receive announce A from s0');
    expect(lines).toContain('s1 {"s0":3,"s1":5} 505.000 ms commits block 1 of view 4: A');
  });

  it('counts the events of each host one by one from 1, as ShiViz demands', () => {
    const seen = new Map<string, number>();
    for (const { host, clock } of read(shivizLog(trace))) {
      seen.set(host, (seen.get(host) ?? 0) + 1);
      expect(clock[host]).toBe(seen.get(host));
    }
    expect([...seen.keys()].sort()).toEqual(['s0', 's1', 's2']);
  });

  it('says what happened before what, by hand and in a run with losses and a liar', () => {
    compare(trace);
    const options = { seed: 'shiviz', signers: 4, byzantine: 1, faulty: 1, transactions: 2, durationMs: 100 };
    const { trace: run } = traceRun(options, 'a run');
    compare({ ...run, events: run.events.slice(0, 260) });
  });
});
