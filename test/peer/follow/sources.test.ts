import { describe, expect, it } from 'vitest';
import { Sources } from '../../../src/peer/follow/sources.ts';

const options = { failedMs: { min: 100, max: 800 }, stalledMs: 500, forgedMs: { min: 10_000, max: 15_000 } };
const sources = (): Sources => new Sources(['a', 'b', 'c'], options);
/** In the middle of the random spread. */
const middle = 0.5;

describe('the next signer to follow', () => {
  it('is the preferred one that was not left lately', () => {
    const one = sources();
    expect(one.next(0)).toEqual({ url: 'a' });
    one.ended('a', 'failed', 0, middle);
    expect(one.next(0)).toEqual({ url: 'b' });
    one.ended('b', 'stalled', 0, middle);
    expect(one.next(0)).toEqual({ url: 'c' });
    one.ended('c', 'forged', 0, middle);
    expect(one.next(40)).toEqual({ waitMs: 60 });
    expect(one.next(100)).toEqual({ url: 'a' });
  });

  it('waits longer each time it fails, up to a bound, until it serves', () => {
    const one = new Sources(['a'], options);
    const waits: unknown[] = [];
    for (let i = 0; i < 5; i++) {
      one.ended('a', 'failed', 0, middle);
      waits.push(one.next(0));
    }
    expect(waits).toEqual([100, 200, 400, 800, 800].map((waitMs) => ({ waitMs })));
    one.served('a');
    one.ended('a', 'failed', 0, middle);
    expect(one.next(0)).toEqual({ waitMs: 100 });
  });

  it('is spread, so that learners do not come back together', () => {
    const waits = [0, 1].map((random) => {
      const one = new Sources(['a'], options);
      one.ended('a', 'failed', 0, random);
      return one.next(0);
    });
    expect(waits).toEqual([{ waitMs: 75 }, { waitMs: 125 }]);
  });

  it('is not a liar for long, whatever it served since', () => {
    const one = new Sources(['a'], options);
    one.ended('a', 'forged', 0, middle);
    expect(one.next(0)).toEqual({ waitMs: 10_000 });
    one.served('a');
    one.ended('a', 'forged', 0, middle);
    expect(one.next(0)).toEqual({ waitMs: 15_000 });
  });

  it('has the others to compare with', () => {
    expect(sources().others('b')).toEqual(['a', 'c']);
  });
});
