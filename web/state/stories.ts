/**
 * Ready-made stories: what is chosen, which clients send what where, and captions that appear as the run
 * reaches what they explain. A caption depends on the picture alone, so it goes when one goes back in time.
 */

import type { Fault } from '../../sim/faults.ts';
import type { LinkLatency, Submission } from '../../sim/options.ts';
import type { Trace } from '../../sim/trace/trace.ts';
import { allSigners, signerId } from '../../src/base/ids.ts';
import type { FederationLimits } from '../../src/messages/federation.ts';
import { type Choices, defaultChoices } from './choices.ts';
import { disagreements } from './disagreement.ts';
import type { BatchPicture, Picture } from './picture.ts';
import { scoreOf } from './score.ts';
import type { Timeline } from './timeline.ts';

export interface Caption {
  readonly when: (picture: Picture, trace: Trace) => boolean;
  readonly text: string;
}

export interface CaptionTime {
  readonly events: number;
  readonly text: string;
}

/** What a story stages on the engine, beyond what can be chosen. */
export interface Scene {
  readonly submissions: readonly Submission[];
  readonly faults: readonly Fault[];
  readonly links: readonly LinkLatency[];
  readonly limits: Partial<FederationLimits>;
  /** Children of a tree node. */
  readonly fanout: number;
}

export interface Story {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly choices: Choices;
  /** Undefined: the choices say it all. */
  readonly scene: Scene | undefined;
  readonly captions: readonly Caption[];
}

/** With these a run over the world's regions has no timer that goes off too early. */
const patient: Partial<FederationLimits> = {
  levelTimeoutMs: 500,
  viewTimeoutMs: 2000,
  checkpointAfterMs: 1500,
  freezeAfterMs: 20_000,
  leaderTerm: 32,
  window: 16,
  checkpointBatches: 64,
};

const send = (at: number, to: number, key: string): Submission => ({
  at,
  to: signerId(to),
  dependencies: [key],
  client: `client ${to}`,
});

const batchNamed = (picture: Picture, name: string): BatchPicture | undefined =>
  [...picture.batches.values()].find((batch) => batch.name === name);

const always = (): boolean => true;
const accepted =
  (name: string, share: number) =>
  (picture: Picture, trace: Trace): boolean =>
    (batchNamed(picture, name)?.accepted.length ?? 0) >= Math.ceil(share * trace.signers);
const certified =
  (name: string, holders: number) =>
  (picture: Picture): boolean =>
    (batchNamed(picture, name)?.certified.length ?? 0) >= holders;
const anyDelivered =
  (finality: 'score' | 'order') =>
  (picture: Picture): boolean =>
    picture.delivered.some((list) => list.some((one) => one.finality === finality));
const blockWithEntries = (picture: Picture): boolean =>
  [...picture.blocks.values()].some((block) => block.entries.length > 0);
const committed = (picture: Picture): boolean =>
  [...picture.blocks.values()].some((block) => block.entries.length > 0 && block.committedBy.length > 0);
const allLowScores = (picture: Picture, trace: Trace): boolean => {
  const batches = [...picture.batches.values()];
  return (
    batches.length > 1 &&
    batches.every(
      (batch) => batch.certificate && (scoreOf(picture, trace, batch).score ?? 0) < trace.threshold,
    )
  );
};

const uncontested: Story = {
  name: 'uncontested',
  title: 'An uncontested transaction',
  about: 'One client, one transaction, seven signers on several continents. The fast path.',
  choices: { ...defaultChoices, story: 'uncontested', transactions: 1, conflict: 0, seed: '3' },
  scene: { submissions: [send(20, 0, 'x')], faults: [], links: [], limits: patient, fanout: 2 },
  captions: [
    {
      when: always,
      text: 'A client hands transaction A to one signer. That signer is the root of a tree drawn for A alone, so no signer is always in the middle.',
    },
    {
      when: accepted('A', 0.3),
      text: 'A travels down the tree. Each signer notes what it had accepted before A: that note is its vote, and it never changes.',
    },
    {
      when: (picture) =>
        [...(batchNamed(picture, 'A')?.collected.values() ?? [])].some((votes) => votes.size > 2),
      text: 'Votes travel up and merge on the way. Everybody saw nothing before A, so all votes are the same and one signature holds them all: the little squares fill in one colour.',
    },
    {
      when: certified('A', 1),
      text: 'The root holds enough votes: a certificate. It goes down the same tree.',
    },
    {
      when: anyDelivered('score'),
      text: 'Every vote says “A first”, which no other set of votes can overturn. So A is final by its score alone, without another round.',
    },
    {
      when: committed,
      text: 'Later a block takes A in as a checkpoint: one signature over the whole order so far. It changes nothing about A.',
    },
  ],
};

const crossing: Story = {
  name: 'crossing',
  title: 'Two transactions cross',
  about: 'Two clients on different continents touch the same key at the same moment.',
  choices: { ...defaultChoices, story: 'crossing', transactions: 2, conflict: 100, seed: '1' },
  scene: {
    submissions: [send(20, 1, 'x'), send(20, 4, 'x')],
    faults: [],
    links: [],
    limits: patient,
    fanout: 2,
  },
  captions: [
    {
      when: always,
      text: 'A and B both touch the key x, so their order matters. Each starts at a signer of its own, far from the other.',
    },
    {
      when: (picture) =>
        picture.arrivals.some((order) => order.length > 1) &&
        new Set(picture.arrivals.map((order) => order[0]).filter(Boolean)).size > 1,
      text: 'Signers near the one see A first, signers near the other B. In the arrival diagram the two lines cross: there is no single true order.',
    },
    {
      when: allLowScores,
      text: 'Two colours meet in the squares: two classes of votes. Neither A nor B has enough votes for it alone, and another sample of the votes could look different. Nobody may decide yet.',
    },
    {
      when: blockWithEntries,
      text: 'So a leader proposes a block that says which certificates count. Everybody derives the order from them and signs it.',
    },
    {
      when: anyDelivered('order'),
      text: 'The block and its child are signed: the order is final, and the same at every signer. Look at “Delivered”: no line differs.',
    },
  ],
};

/** Signers in three places; each place hears of what starts there first, then of the next place, then of the third. */
const placeOf = (signer: number): number => (signer === 6 ? 0 : Math.floor(signer / 2));

const ringOfPlaces: readonly LinkLatency[] = allSigners(7).flatMap((from) =>
  allSigners(7)
    .filter((to) => to !== from)
    .map((to) => ({ from, to, latencyMs: 20 + 40 * ((placeOf(from) - placeOf(to) + 3) % 3) })),
);

const cycle: Story = {
  name: 'cycle',
  title: 'A Condorcet cycle',
  about: 'Most signers say A before B, most say B before C, and most say C before A.',
  choices: {
    ...defaultChoices,
    story: 'cycle',
    network: 'lan',
    transactions: 3,
    conflict: 100,
    seed: '1',
  },
  // The tree is flat, so that the chosen delays alone decide who sees what first.
  scene: {
    submissions: [send(20, 0, 'x'), send(20, 2, 'x'), send(20, 4, 'x')],
    faults: [],
    links: ringOfPlaces,
    limits: patient,
    fanout: 6,
  },
  captions: [
    {
      when: always,
      text: 'Three clients in three places touch the key x at the same moment. The tree is flat here: every signer hears of a transaction straight from its root, after a delay chosen for this story.',
    },
    {
      when: (picture) => picture.arrivals.every((order) => order.length === 3),
      text: 'Each signer has a clear opinion, but together they run in a circle: most saw A before B, most saw B before C, and most saw C before A. Nobody lies; honest signers do this by themselves.',
    },
    {
      when: allLowScores,
      text: 'Against each of the three some rival has too many votes, so no score is high enough.',
    },
    {
      when: blockWithEntries,
      text: 'A block takes all three together, for each waits for another. Inside the circle the strongest majorities are kept, and the weakest gives way.',
    },
    {
      when: anyDelivered('order'),
      text: 'Everybody computes the same from the same certificates: one order, and it is final. A chain of such circles cannot put it off for ever.',
    },
  ],
};

const dyingRoot: Story = {
  name: 'dying-root',
  title: 'A root dies',
  about: 'The signer at the top of the tree crashes after it sent the transaction out.',
  choices: { ...defaultChoices, story: 'dying-root', transactions: 1, conflict: 0, seed: '3' },
  scene: {
    submissions: [send(20, 0, 'x')],
    faults: [{ kind: 'crash', node: signerId(0), at: 60, forMs: 6000, keep: 'all' }],
    links: [],
    limits: patient,
    fanout: 2,
  },
  captions: [
    { when: always, text: 'The root has taken A from its client and sends it down its tree.' },
    {
      when: (picture) => !picture.up[0],
      text: 'The root crashes. The votes that come up to it are lost, and there is nobody to make the certificate.',
    },
    {
      when: (picture) => (batchNamed(picture, 'A')?.attempt ?? 0) > 0,
      text: 'Another signer, which had accepted A and waited long enough, takes over as the root of a new tree. The votes are the same as before: a vote is made once.',
    },
    {
      when: certified('A', 1),
      text: 'The new root has a quorum without the dead one. Here is the certificate.',
    },
    {
      when: anyDelivered('score'),
      text: 'A is final. Nothing that a signer accepted is lost because somebody died.',
    },
    {
      when: (picture) => picture.up[0] === true && picture.notes.length > 1,
      text: 'The dead signer comes back, reads its disk, fetches what it missed, and delivers the same order.',
    },
  ],
};

const flipChoices: Choices = {
  ...defaultChoices,
  signers: 7,
  byzantine: 2,
  faulty: 2,
  network: 'lan',
  transactions: 2,
  conflict: 100,
  attack: 'flip',
  liars: 2,
};

const flipSource: Story = {
  name: 'flip-75',
  title: 'Flip attack on 75%',
  about: 'The source document’s rule: final with 75% of the votes. Two of seven signers lie.',
  choices: { ...flipChoices, story: 'flip-75', rule: 'source', threshold: 75 },
  scene: undefined,
  captions: [
    {
      when: always,
      text: 'The source document compares positions in arrival orders, and calls a transaction final with 75% of the votes: 6 of 7. Two of the seven signers lie.',
    },
    {
      when: certified('A', 1),
      text: 'The honest signers saw A before B. But the liars are the roots: they choose whose votes go into each certificate, and they vote one way in front of one half and another way in front of the other.',
    },
    {
      when: anyDelivered('score'),
      text: 'One half gets certificates in which A has its 75%, and calls A final.',
    },
    {
      when: (picture, trace) => disagreements(picture, trace).length > 0,
      text: 'The other half got certificates in which B comes first, and signed that order. Honest signers now disagree for ever. 75% is not enough when more than one signer in six can lie.',
    },
  ],
};

const flipEngine: Story = {
  name: 'flip-engine',
  title: 'The same attack on this engine',
  about: 'The same liars, the same two transactions, the rule of this project.',
  choices: {
    ...flipChoices,
    story: 'flip-engine',
    rule: 'engine',
    threshold: 0,
    parameters: { block: 'pair' },
  },
  scene: undefined,
  captions: [
    {
      when: always,
      text: 'The same two liars try the same. Here a score is final only when no other set of votes, lies included, could lead to another order; with two liars among seven that takes all 7 votes.',
    },
    {
      when: anyDelivered('score'),
      text: 'One signer is shown a perfect certificate of A, alone, and delivers A by its score. Everybody else is shown other votes, in which the liars say the opposite.',
    },
    {
      when: (picture) => picture.convictions.length > 0,
      text: 'Two different votes of one signer on one transaction prove that it lies, to anybody, for ever. See “Evidence”.',
    },
    {
      when: blockWithEntries,
      text: 'For the others the score is too low, so a block decides which votes count. Whichever it takes, too many honest ones say A first.',
    },
    {
      when: committed,
      text: 'The order is final and the same at every honest signer, the one that was singled out included. The liars achieved nothing.',
    },
  ],
};

export const stories: readonly Story[] = [uncontested, crossing, cycle, dyingRoot, flipSource, flipEngine];

export const findStory = (name: string): Story | undefined => stories.find((one) => one.name === name);

/**
 * When each caption of a story appears: the number of events after which it first holds, and not before the
 * one that it follows; those that never hold are left out.
 */
export function captionTimes(story: Story, timeline: Timeline): readonly CaptionTime[] {
  const times: CaptionTime[] = [];
  const { trace } = timeline;
  let events = 0;
  for (const { when, text } of story.captions) {
    let count = events;
    while (count <= timeline.length && !when(timeline.at(count), trace)) count += 1;
    if (count > timeline.length) continue;
    events = count;
    times.push({ events, text });
  }
  return times;
}
