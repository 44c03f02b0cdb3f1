/** The bench's side of the probe in a process. */

import { pathToFileURL } from 'node:url';
import { compiled } from '../paths.ts';
import type { Child } from './child.ts';
import type { CpuProfile, FromProbe, HeapUse, ToProbe } from './probe.ts';

/** Arguments of `node` that load the probe. */
export const probeArguments = (): string[] => [
  '--import',
  pathToFileURL(compiled('bench', 'processes', 'probe.js')).href,
];

async function ask<T extends FromProbe>(child: Child, question: ToProbe, type: T['type']): Promise<T> {
  child.send(question);
  return child.next<T>(type);
}

type Answer<T extends FromProbe['type']> = Extract<FromProbe, { type: T }>;

export const heapUse = async (child: Child): Promise<HeapUse> =>
  (await ask<Answer<'memory'>>(child, { type: 'askMemory' }, 'memory')).memory;

/** Between two samples, in microseconds. */
const intervalUs = 500;

export async function startProfile(child: Child): Promise<void> {
  await ask<Answer<'profiling'>>(child, { type: 'startProfile', intervalUs }, 'profiling');
}

export const stopProfile = async (child: Child): Promise<CpuProfile> =>
  (await ask<Answer<'profile'>>(child, { type: 'stopProfile' }, 'profile')).profile;
