/** What a sweep shows on the way: a line now and then where nobody watches, a bar on a terminal. */

import { describe, expect, it } from 'vitest';
import { duration, sweepProgressBar } from '../../../sim/sweep/progress.ts';

function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; written: () => string } {
  let text = '';
  const stream = {
    isTTY,
    columns: 80,
    write: (part: string) => {
      text += part;
      return true;
    },
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
    on: () => stream,
    once: () => stream,
    removeListener: () => stream,
  } as unknown as NodeJS.WriteStream;
  return { stream, written: () => text };
}

const at = (done: number, unknown = 0) => ({
  done,
  total: 200,
  unknown,
  leftMs: done === 0 ? undefined : (200 - done) * 1000,
});

describe('progress of a sweep', () => {
  it('is a line at every tenth in a log', () => {
    const { stream, written } = fakeStream(false);
    const { progress, stop } = sweepProgressBar(stream);
    for (let done = 0; done <= 200; done++) progress(at(done, done > 100 ? 2 : 0));
    stop();
    const lines = written().trimEnd().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe('0%  0/200 trials  left: unknown');
    expect(lines[5]).toBe('50%  100/200 trials  left: 100 s');
    expect(lines[10]).toBe('100%  200/200 trials, 2 unknown  left: 0 s');
  });

  it('is a bar with the time left on a terminal', () => {
    const { stream, written } = fakeStream(true);
    const { progress, stop } = sweepProgressBar(stream);
    progress(at(0));
    progress(at(200, 1));
    stop();
    expect(written()).toContain('0/200 trials');
    expect(written()).toContain('left: unknown');
  });

  it.each([
    [undefined, 'unknown'],
    [400, '0 s'],
    [95_000, '95 s'],
    [125_000, '2 min'],
    [7_000_000, '117 min'],
    [9_000_000, '2.5 h'],
  ])('calls %s ms %s', (ms, text) => expect(duration(ms)).toBe(text));
});
