/** The buttons of the stories, the sentences of the one that runs, and the facts of the run. */

import type { RunSummary } from '../protocol.ts';
import { describeLast } from '../state/describe.ts';
import { type CaptionTime, stories } from '../state/stories.ts';
import { byId, show } from './dom.ts';
import { markup } from './markup.ts';
import { type Shown, signersOf } from './shown.ts';

export function showStories(current: string): void {
  show(
    byId('stories'),
    markup`${stories.map(
      (
        story,
      ) => markup`<button type="button" class="story" data-story="${story.name}" data-key="story ${story.name}"
        aria-pressed="${story.name === current ? 'true' : 'false'}" title="${story.about}">${story.title}</button>`,
    )}`,
  );
}

export function showNarration({ trace, picture }: Shown, captions: readonly CaptionTime[]): void {
  show(byId('title'), markup`${trace.title}`);
  const told = captions.filter(({ events }) => events <= picture.events).map(({ text }) => text);
  show(
    byId('caption'),
    markup`${told.at(-1) ?? 'Press play, or step through what happens with the arrow keys.'}`,
  );
  show(byId('earlier'), markup`${told.slice(0, -1).map((text) => markup`<li>${text}</li>`)}`);
}

/** What happened last, in a line; said aloud when one steps, not while it plays. */
export function showNow({ timeline, trace, picture }: Shown, playing: boolean): void {
  const now = byId('now');
  now.setAttribute('aria-live', playing ? 'off' : 'polite');
  show(
    now,
    markup`${describeLast(timeline, picture.events) ?? `Nothing has happened yet. ${trace.signers} signers wait.`}`,
  );
}

/** Enough of a trace hash to see whether two runs are one. */
const hashDigits = 8;

export function showFacts({ trace }: Shown, seed: string): void {
  const { signers, byzantine, faulty, quorum, threshold, rule, liars } = trace;
  const facts: readonly (readonly [string, string])[] = [
    ['signers', `${signers}`],
    ['may lie', `${byzantine}`],
    ['may be silent', `${faulty}`],
    ['certificate needs', `${quorum} votes`],
    ['final score', rule === 'engine' || rule === 'source' ? `${threshold} of ${signers}` : 'none'],
    ['liars here', liars.length === 0 ? 'none' : signersOf(liars)],
    ['rule', ruleTexts[rule]],
    ['seed', seed],
    ['ends after', `${Math.ceil(trace.endMs)} ms`],
    ['trace', trace.traceHash.slice(0, hashDigits)],
  ];
  show(
    byId('facts'),
    markup`${facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}`,
  );
  byId('facts').dataset.trace = trace.traceHash;
}

export const ruleTexts = {
  engine: 'this engine',
  source: 'the source’s',
  fcfs: 'first come, first served',
  median: 'median of positions',
} as const;

/** How the run ends; said only once one is there, not to spoil the story. */
export function showVerdict(summary: RunSummary | undefined, atEnd: boolean): void {
  const verdict = byId('verdict');
  verdict.hidden = !summary || !atEnd;
  if (!summary || !atEnd) return;
  verdict.className = `verdict ${summary.tone}`;
  show(
    verdict,
    markup`${summary.verdict}${
      summary.objections.length > 0 &&
      markup`<ul>${summary.objections.map((one) => markup`<li>${one}</li>`)}</ul>`
    }`,
  );
}
