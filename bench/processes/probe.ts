/**
 * Loaded into every process of ours that is measured (`node --import`): answers the bench's questions about
 * its inside. It costs nothing while nobody asks.
 */

import { Session } from 'node:inspector/promises';

export type ToProbe =
  | { readonly type: 'askMemory' }
  | { readonly type: 'startProfile'; readonly intervalUs: number }
  | { readonly type: 'stopProfile' };

/** In bytes, as `process.memoryUsage` has them. */
export interface HeapUse {
  readonly heapUsed: number;
  readonly arrayBuffers: number;
}

/** V8's CPU profile: a tree of calls, and which node was at work at each sample. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes. */
  readonly samples?: readonly number[] | undefined;
  /** Microseconds before each sample. */
  readonly timeDeltas?: readonly number[] | undefined;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[] | undefined;
}

export type FromProbe =
  | { readonly type: 'memory'; readonly memory: HeapUse }
  | { readonly type: 'profiling' }
  | { readonly type: 'profile'; readonly profile: CpuProfile };

let session: Session | undefined;

async function answer(question: ToProbe): Promise<FromProbe | undefined> {
  if (question.type === 'askMemory') {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return { type: 'memory', memory: { heapUsed, arrayBuffers } };
  }
  if (question.type === 'startProfile') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: question.intervalUs });
    await session.post('Profiler.start');
    return { type: 'profiling' };
  }
  if (question.type === 'stopProfile' && session) {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return { type: 'profile', profile };
  }
  return undefined;
}

process.on('message', (question: ToProbe) => {
  void answer(question).then((message) => message && process.send?.(message));
});
// A process that has nothing else to do may end.
process.channel?.unref();
