/** The space-time diagram: what is drawn, where, and what it says of what it leaves out. */

import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../../sim/report/flights.ts';
import { families, familyOf, spaceTime, spaceTimeFile } from '../../../sim/report/space-time.ts';
import { timeScale } from '../../../sim/report/time-scale.ts';
import { trace } from './trace.ts';

/** Titles in the order in which they are drawn. */
const titlesIn = (svg: string): string[] =>
  [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll('title')].map(
    (title) => title.textContent ?? '',
  );

describe('the time scale', () => {
  it('draws bursts to scale, and a silence as a break with its length', () => {
    const { yOf, breaks, height } = timeScale([0, 1, 2, 500, 501], [1, 1, 1], 20);
    expect([0, 1, 2].map(yOf)).toEqual([0, 20, 40]);
    expect(breaks).toEqual([{ fromMs: 2, toMs: 500, y: 40, height: 34 }]);
    expect([yOf(500), yOf(501), height]).toEqual([74, 94, 94]);
    expect(yOf(501)).toBeGreaterThan(yOf(500.5));
  });

  it('never runs backwards, and holds its ends', () => {
    const moments = [7, 3, 3.1, 90, 4, 91, 3];
    const { yOf, height } = timeScale(moments, [0.5], 25);
    let last = -1;
    for (let ms = 0; ms < 100; ms += 0.25) {
      expect(yOf(ms)).toBeGreaterThanOrEqual(last);
      last = yOf(ms);
    }
    expect([yOf(0), yOf(1000)]).toEqual([0, height]);
  });
});

describe('a window of a trace', () => {
  it('begins where clients begin, joins both ends of messages, and counts what it leaves out', () => {
    const all = excerptOf(trace);
    expect([all.fromMs, all.toMs, all.omitted]).toEqual([10, 507, 0]);
    expect(all.flights.map(({ arrivals }) => arrivals)).toEqual([[11], [], [501, 502]]);
    const cut = excerptOf(trace, { elementsMax: 4 });
    expect([cut.flights.length, cut.marks.length, cut.omitted, cut.toMs]).toEqual([2, 2, 8, 10]);
    const late = excerptOf(trace, { fromMs: 504, toMs: 505.5 });
    expect(late.marks.map(({ kind }) => kind)).toEqual(['delivered', 'committed']);
  });
});

describe('the diagram', () => {
  const { head, body, note, width } = spaceTime(trace);

  it('says of every message and mark what it is, and of lost and doubled messages their fate', () => {
    const titles = titlesIn(body);
    expect(titles).toContain('announce A, s0 to s1, 120 bytes, sent at 10.000 ms, arrives at 11.000 ms');
    expect(titles).toContain('announce A, s0 to s2, 120 bytes, sent at 10.000 ms, does not arrive');
    expect(titles).toContain(
      'announce A, s1 to s2, 120 bytes, sent at 11.000 ms, arrives at 501.000 and 502.000 ms',
    );
    expect(titles).toContain('s2 at 503.000 ms: delivers A by score, score 3');
    expect(titles).toContain('s1 at 506.000 ms: holds evidence against s0: two-votes');
    expect(note).toBe(
      '3 messages and 9 events of 3 signers from 10.0 to 507.0 ms, everything in this window.',
    );
  });

  it('names the signers, marks liars, and escapes what comes from outside', () => {
    expect(head).toContain('>s0</text>');
    expect(head.match(/>lies</g)).toHaveLength(1);
    expect(head).toContain('Asia Pacific (Tokyo)');
    expect(body).toContain('the wind &lt;turns&gt;');
    expect(spaceTimeFile(trace)).toContain('<title>a &amp; b</title>');
  });

  it('draws a signer that is down as a dotted line between its crash and its start', () => {
    expect(body.match(/stroke-dasharray="1 5"/g)).toHaveLength(1);
  });

  it('slants every message down, and fits the width that there is', () => {
    const slopes = [...body.matchAll(/M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)/g)].map(
      ([, from, to]) => Number(to) - Number(from),
    );
    expect(slopes.length).toBeGreaterThan(3);
    for (const slope of slopes) expect(slope).toBeGreaterThan(0);
    expect(width).toBeLessThanOrEqual(1120);
    expect(spaceTime(trace, {}, 350).width).toBeLessThanOrEqual(350);
  });

  it('says honestly when it cannot show everything', () => {
    expect(spaceTime(trace, { elementsMax: 5 }).note).toContain(
      'The window holds 7 more, which are not drawn.',
    );
  });

  it('gives every type of message to one family, what is new to the last', () => {
    expect(familyOf('votes')).toBe(1);
    expect(familyOf('blockVotes')).toBe(familyOf('proposal'));
    expect(familyOf('something new')).toBe(families.length - 1);
  });
});
