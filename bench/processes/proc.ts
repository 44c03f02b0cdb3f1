/** What the kernel knows of a process (Linux, `/proc`): processor time, memory, what it wrote. */

import { readFileSync } from 'node:fs';

export interface ProcessSample {
  /** Of all its threads, since it started. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Resident memory that no file backs, in bytes. */
  readonly rssAnonBytes: number;
  readonly contextSwitches: number;
  readonly bytesWritten: number;
}

/** Units of processor time in /proc: 100 a second on every Linux that Node runs on. */
const ticksPerSecond = 100;

const numberAfter = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);

/** Fields of /proc/PID/stat after the name, which may hold anything. */
export function processorSeconds(stat: string): { readonly user: number; readonly system: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / ticksPerSecond, system: Number(fields[12]) / ticksPerSecond };
}

/** Undefined when there is no such process any more, or no /proc. */
export function sampleProcess(pid: number): ProcessSample | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const { user, system } = processorSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return {
      userSeconds: user,
      systemSeconds: system,
      rssAnonBytes: numberAfter(status, 'RssAnon') * 1024,
      contextSwitches:
        numberAfter(status, 'voluntary_ctxt_switches') + numberAfter(status, 'nonvoluntary_ctxt_switches'),
      bytesWritten: numberAfter(readFileSync(`/proc/${pid}/io`, 'utf8'), 'write_bytes'),
    };
  } catch {
    return undefined;
  }
}
