/**
 * Which phase of the work a sample of a CPU profile belongs to. A function's file decides; what has no file,
 * or one that serves everybody (buffers, promises, sockets), counts for whoever called it. So a hash that
 * the engine asks for is cryptography, and a copy made while a message is decoded is codec.
 */

import type { CpuProfile, ProfileNode } from '../processes/probe.ts';

export const phases = [
  'crypto',
  'codec',
  'network',
  'disk',
  'engine',
  'clients',
  'metrics',
  'gc',
  'other',
] as const;
export type Phase = (typeof phases)[number];

/** Time in each phase, in any unit. */
export type PhaseTimes = Record<Phase, number>;

/** The first that matches a file decides, whoever called. */
const strong: readonly (readonly [RegExp, Phase])[] = [
  [
    /\/src\/crypto\/|\/src\/base\/(?:sha256|hash|merkle)|@noble\/|@chainsafe\/blst|^node:internal\/crypto\/|^node:crypto/,
    'crypto',
  ],
  [/\/src\/messages\/|\/src\/base\/(?:bytes|codec|packed)|\/msgpackr\/|\/micro-packed\//, 'codec'],
  [/\/src\/transport\//, 'network'],
  [/\/src\/store\/|\/src\/signer\/commit\.|\/lmdb\/|^node:(?:internal\/)?fs/, 'disk'],
  [/\/src\/signer\/(?:metrics|tally|observer)|\/prom-client\/|\/pino\/|\/sonic-boom\//, 'metrics'],
  [
    /\/src\/signer\/(?:http\/|transactions|waiters|admission|receipts|feed|history|stream-)|\/src\/client\/|\/src\/peer\/|\/bench\/|\/(?:fastify|zod|find-my-way|avvio|ajv)\/|^node:_http|^node:internal\/(?:http|deps\/undici|deps\/cjs)/,
    'clients',
  ],
  [/\/src\/(?:engine|phases|ordering|dependency|tree|verify|signer)\//, 'engine'],
];

/** What the measuring costs: not counted. */
const own = /\/bench\/processes\/|^node:(?:internal\/)?inspector/;

/** Decides only where the caller's phase is not known: work that begins with a socket. */
const weak: readonly (readonly [RegExp, Phase])[] = [
  [/\/ws\/|^node:(?:net|tls|internal\/(?:stream|net))|^node:internal\/streams/, 'network'],
  [/\/src\/base\//, 'engine'],
];

const special: Readonly<Record<string, Phase | 'idle'>> = {
  '(garbage collector)': 'gc',
  '(idle)': 'idle',
  '(program)': 'other',
  '(root)': 'other',
};

const matched = (rules: readonly (readonly [RegExp, Phase])[], url: string): Phase | undefined =>
  rules.find(([pattern]) => pattern.test(url))?.[1];

/** The phase of a call, from its file and its caller's phase. */
export function phaseOf(
  { functionName, url }: ProfileNode['callFrame'],
  caller: Phase | 'idle',
): Phase | 'idle' {
  if (url === '' && functionName in special) return special[functionName]!;
  if (own.test(url)) return 'idle';
  const phase = matched(strong, url);
  if (phase) return phase;
  return caller === 'other' ? (matched(weak, url) ?? 'other') : caller;
}

/** A function and its share of the busy time, without what it calls. */
export interface HotFunction {
  readonly name: string;
  readonly phase: Phase;
  readonly share: number;
}

export interface Breakdown {
  /** Shares of the busy time of the main thread; they add up to 1. */
  readonly shares: PhaseTimes;
  readonly hottest: readonly HotFunction[];
}

const shownUrl = (url: string): string =>
  url.replace(/^.*\/(?:dist|node_modules)\//, '').replace(/^file:\/\//, '');

function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  for (const [i, id] of samples.entries())
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[i] ?? 0));
  return times;
}

export const noTimes = (): PhaseTimes => Object.fromEntries(phases.map((phase) => [phase, 0])) as PhaseTimes;

/** Where a process spent its time, idle time left out. @param hottestMax functions to name. */
export function breakdownOf(profile: CpuProfile, hottestMax = 25): Breakdown {
  const times = selfTimes(profile);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const shares = noTimes();
  const functions = new Map<string, { phase: Phase; time: number }>();
  let busy = 0;
  const visit = (id: number, caller: Phase | 'idle'): void => {
    const { callFrame, children = [] } = nodes.get(id)!;
    const phase = phaseOf(callFrame, caller);
    const time = times.get(id) ?? 0;
    if (phase !== 'idle') {
      shares[phase] += time;
      busy += time;
      const name = `${callFrame.functionName || '(anonymous)'} ${shownUrl(callFrame.url)}:${callFrame.lineNumber + 1}`;
      const known = functions.get(`${phase} ${name}`) ?? { phase, time: 0 };
      known.time += time;
      functions.set(`${phase} ${name}`, known);
    }
    for (const child of children) visit(child, phase);
  };
  const root = profile.nodes[0];
  if (root) visit(root.id, 'other');
  if (busy === 0) return { shares, hottest: [] };
  for (const phase of phases) shares[phase] /= busy;
  const hottest = [...functions]
    .sort(([, a], [, b]) => b.time - a.time)
    .slice(0, hottestMax)
    .map(([name, { phase, time }]) => ({ name: name.slice(phase.length + 1), phase, share: time / busy }));
  return { shares, hottest };
}

/** The mean of several processes' breakdowns, each weighing the same. */
export function meanBreakdown(all: readonly Breakdown[], hottestMax = 25): Breakdown {
  const shares = noTimes();
  const functions = new Map<string, { phase: Phase; share: number }>();
  for (const one of all) {
    for (const phase of phases) shares[phase] += one.shares[phase] / all.length;
    for (const { name, phase, share } of one.hottest) {
      const known = functions.get(name) ?? { phase, share: 0 };
      known.share += share / all.length;
      functions.set(name, known);
    }
  }
  const hottest = [...functions]
    .map(([name, rest]) => ({ name, ...rest }))
    .sort((a, b) => b.share - a.share)
    .slice(0, hottestMax);
  return { shares, hottest };
}
