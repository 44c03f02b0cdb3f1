import { describe, expect, it } from 'vitest';
import { processorSeconds, sampleProcess } from '../../../bench/processes/proc.ts';

describe('processor time from /proc', () => {
  it('is read after the name, whatever that is', () => {
    const stat = '17 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 75 0 0 20 0 1';
    expect(processorSeconds(stat)).toEqual({ user: 2.5, system: 0.75 });
  });

  it('of this process is there, of one that is gone is not', () => {
    const sample = sampleProcess(process.pid);
    expect(sample!.userSeconds).toBeGreaterThan(0);
    expect(sample!.rssAnonBytes).toBeGreaterThan(1 << 20);
    expect(sampleProcess(2 ** 30)).toBeUndefined();
  });
});
