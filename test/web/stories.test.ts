/** The stories keep what their titles promise, whatever else changes in the simulator. */

import { describe, expect, it } from 'vitest';
import { findAttack } from '../../sim/attacks/catalog.ts';
import { disagreements } from '../../web/state/disagreement.ts';
import type { Picture } from '../../web/state/picture.ts';
import { attackOf } from '../../web/state/scenario.ts';
import { captionTimes, findStory } from '../../web/state/stories.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { storyRun } from './support.ts';

const named = (timeline: Timeline, picture: Picture): string[] =>
  picture.arrivals.map((order) => order.map((id) => timeline.trace.names[id]).join(''));

/** Signers that accepted the first before the second. */
const preferring = (orders: readonly string[], first: string, second: string): number =>
  orders.filter((order) => order.indexOf(first) < order.indexOf(second)).length;

function attackRun(name: string): Timeline {
  const { choices } = findStory(name)!;
  const { trace } = findAttack(choices.attack)!.trial(attackOf(choices));
  return new Timeline(trace!);
}

function everDisagree(timeline: Timeline): boolean {
  const { trace } = timeline;
  return trace.events.some((_, i) => disagreements(timeline.at(i + 1), trace).length > 0);
}

describe('stories on the engine', () => {
  it.each(['uncontested', 'crossing', 'cycle', 'dying-root'])(
    '%s: every caption appears, in order, and nobody ever disagrees',
    (name) => {
      const timeline = storyRun(name);
      const story = findStory(name)!;
      expect(captionTimes(story, timeline).map(({ text }) => text)).toEqual(
        story.captions.map(({ text }) => text),
      );
      expect(everDisagree(timeline)).toBe(false);
      const { delivered } = timeline.at(timeline.length);
      for (const list of delivered) expect(list).toHaveLength(Object.keys(timeline.trace.names).length);
    },
  );

  it('uncontested is final by score everywhere', () => {
    const timeline = storyRun('uncontested');
    const { delivered } = timeline.at(timeline.length);
    expect(delivered.flat().map((one) => one.finality)).toEqual(Array(7).fill('score'));
  });

  it('crossing has signers of both opinions, and needs a block', () => {
    const timeline = storyRun('crossing');
    const picture = timeline.at(timeline.length);
    const orders = named(timeline, picture);
    expect(preferring(orders, 'A', 'B')).toBeGreaterThan(1);
    expect(preferring(orders, 'B', 'A')).toBeGreaterThan(1);
    expect(picture.delivered.flat().some((one) => one.finality === 'order')).toBe(true);
  });

  it('the cycle is one: a majority for each of A before B, B before C, C before A', () => {
    const timeline = storyRun('cycle');
    const orders = named(timeline, timeline.at(timeline.length));
    for (const [first, second] of ['AB', 'BC', 'CA'] as const)
      expect(preferring(orders, first!, second!)).toBeGreaterThanOrEqual(4);
  });

  it('in the dying root’s story another signer makes the certificate while the root is down', () => {
    const timeline = storyRun('dying-root');
    const made = timeline.trace.events.findIndex(
      (event) => event.kind === 'sent' && event.type === 'certificate',
    );
    const picture = timeline.at(made + 1);
    const [batch] = picture.batches.values();
    expect(picture.up[batch!.ingress]).toBe(false);
    expect(batch!.certified[0]).not.toBe(batch!.ingress);
  });
});

describe('stories of the flip attack', () => {
  it('on 75% it makes honest signers disagree', () => {
    const timeline = attackRun('flip-75');
    expect(everDisagree(timeline)).toBe(true);
    expect(captionTimes(findStory('flip-75')!, timeline)).toHaveLength(findStory('flip-75')!.captions.length);
  });

  it('on this engine it does not, and the pair is ordered everywhere', () => {
    const timeline = attackRun('flip-engine');
    expect(everDisagree(timeline)).toBe(false);
    const picture = timeline.at(timeline.length);
    const honest = picture.delivered.filter((_, id) => !timeline.trace.liars.some((liar) => liar === id));
    for (const list of honest) expect(list.length).toBeGreaterThanOrEqual(2);
  });
});
