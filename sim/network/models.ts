/**
 * The networks that a simulation can run on. `aws` and `cities` are measured round-trip times
 * (data/latency); a message takes half of one. Signers are dealt over the places in an order drawn from
 * the seed; with more signers than places, several share one.
 */

import type { SignerId } from '../../src/base/ids.ts';
import type { Random } from '../random.ts';
import { aws } from './aws.ts';
import { cities } from './cities.ts';
import type { NetworkName } from './names.ts';

export interface NetworkModel {
  /** One-way latency in ms. */
  latencyMs(from: SignerId, to: SignerId): number;
  /** Mean of the exponential jitter in ms. */
  jitterMs(from: SignerId, to: SignerId): number;
  /** Place of each signer; empty when they are all in one. */
  readonly regions: readonly string[];
  /** Round trips between the places that signers are in, as a federation file says them. */
  readonly geography: Geography;
}

/** Places, and round trips between them in whole ms, row to column. */
export interface Geography {
  readonly regions: readonly string[];
  readonly latencyMs: readonly (readonly number[])[];
}

const nowhere: Geography = { regions: [], latencyMs: [] };

const lanModel: NetworkModel = {
  latencyMs: () => 0.2,
  jitterMs: () => 0.1,
  regions: [],
  geography: nowhere,
};

/** Every round trip takes the same time, without jitter: a message takes half of it. */
export const uniformModel = (rttMs: number): NetworkModel => ({
  latencyMs: () => rttMs / 2,
  jitterMs: () => 0,
  regions: [],
  geography: nowhere,
});

/** Two machines in one place are no nearer than this. */
const latencyMsMin = 0.2;
const jitterShare = 0.02;

interface Matrix {
  readonly names: readonly string[];
  /** Tenths of a ms, round trip, row to column. */
  readonly rows: readonly (readonly number[])[];
}

function parse(text: string): Matrix {
  const lines = text.trim().split('\n');
  const cells = lines.map((line) => line.split(': '));
  return { names: cells.map(([name]) => name!), rows: cells.map(([, row]) => row!.split(' ').map(Number)) };
}

const sources = { aws, cities } as const;
const parsed = new Map<keyof typeof sources, Matrix>();

function matrixOf(name: keyof typeof sources): Matrix {
  let matrix = parsed.get(name);
  if (!matrix) {
    matrix = parse(sources[name]);
    parsed.set(name, matrix);
  }
  return matrix;
}

function geographyOf({ names, rows }: Matrix, used: ReadonlySet<number>): Geography {
  const places = [...used];
  return {
    regions: places.map((place) => names[place]!),
    latencyMs: places.map((from) => places.map((to) => Math.round(rows[from]![to]! / 10))),
  };
}

/** @param random only deals the signers over the places. */
export function networkModel(name: NetworkName, signers: number, random: Random): NetworkModel {
  if (name === 'lan') return lanModel;
  const { names, rows } = matrixOf(name);
  const deal = random.shuffled(names.map((_, i) => i));
  const placeOf = Array.from({ length: signers }, (_, i) => deal[i % deal.length]!);
  const latencyMs = (from: SignerId, to: SignerId): number =>
    Math.max(latencyMsMin, rows[placeOf[from]!]![placeOf[to]!]! / 20);
  return {
    latencyMs,
    jitterMs: (from, to) => jitterShare * latencyMs(from, to),
    regions: placeOf.map((place) => names[place]!),
    geography: geographyOf(matrixOf(name), new Set(placeOf)),
  };
}
