/**
 * Ready-made stories: what is chosen, which clients send what where, and captions that appear as the run
 * reaches what they explain. A caption depends on the picture alone, so it goes when one goes back in time.
 */

import { signerId } from '../../src/base/ids.ts';
import type { FederationLimits } from '../../src/messages/federation.ts';
import type { Fault } from '../../sim/faults.ts';
import type { LinkLatency, Submission } from '../../sim/options.ts';
import type { Trace } from '../../sim/trace/trace.ts';
import { type Choices, defaultChoices } from './choices.ts';
import { disagreements } from './disagreement.ts';
import type { BatchPicture, Picture } from './picture.ts';
import { scoreOf } from './score.ts';

export interface Caption {
  readonly when: (picture: Picture, trace: Trace) => boolean;
  readonly text: string;
}

/** What a story stages on the engine, beyond what can be chosen. */
export interface Scene {
  readonly submissions: readonly Submission[];
  readonly faults: readonly Fault[];
  readonly links: readonly LinkLatency[];
  readonly limits: Partial<FederationLimits>;
}

export interface Story {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly choices: Choices;
  /** Undefined: the choices say it all. */
  readonly scene: Scene | undefined;
  /** Whether the run is shown up to the first block that holds something, and what it commits. */
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
  scene: { submissions: [send(20, 0, 'x')], faults: [], links: [], limits: patient },
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
      when: (picture) => [...(batchNamed(picture, 'A')?.collected.values() ?? [])].some((votes) => votes.size > 2),
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
  scene: { submissions: [send(20, 1, 'x'), send(20, 4, 'x')], faults: [], links: [], limits: patient },
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

const cycle: Story = {
  name: 'cycle',
  title: 'A Condorcet cycle',
  about: 'Three transactions; most signers say A before B, B before C, and C before A.',
  choices: { ...defaultChoices, story: 'cycle', transactions: 3, conflict: 100, seed: '1' },
  scene: {
    submissions: [send(20, 0, 'x'), send(20, 2, 'x'), send(20, 5, 'x')],
    faults: [],
    links: [],
    limits: patient,
  },
  captions: [
    { when: always, text: 'Three clients in three parts of the world touch the key x at the same moment.' },
    {
      when: (picture) => picture.arrivals.filter((order) => order.length === 3).length > 2,
      text: 'Each signer has a clear opinion, but together they run in a circle: a majority saw A before B, a majority B before C, and a majority C before A. Honest signers alone can do this; nobody lies.',
    },
    {
      when: allLowScores,
      text: 'Against each of the three some rival has a majority or comes close, so no score is high enough.',
    },
    {
      when: blockWithEntries,
      text: 'The block takes the three together, for each waits for another. Inside the circle the strongest majorities are kept and the weakest one gives way.',
    },
    {
      when: anyDelivered('order'),
      text: 'Everybody computes the same from the same certificates: one order, final. A chain of such circles cannot postpone it for ever either.',
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
    { when: anyDelivered('score'), text: 'A is final. Nothing that a signer accepted is lost because somebody died.' },
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
  about: 'The source document’s rule: a transaction is final with 75% of the votes. Two of seven signers lie.',
  choices: { ...flipChoices, story: 'flip-75', rule: 'source', threshold: 75 },
  scene: undefined,
  captions: [
    {
      when: always,
      text: 'Two signers lie. They tell one half of the others that A came first and the other half that B did. A score of 75% is said to be final.',
    },
    {
      when: anyDelivered('score'),
      text: 'With the liars’ votes one transaction reaches 75%, and somebody calls it final.',
    },
    {
      when: (picture, trace) => disagreements(picture, trace).length > 0,
      text: 'Somebody else was shown other votes and got the opposite order, just as final. Two honest signers disagree for ever. 75% is not enough when more than one in six can lie.',
    },
  ],
};

const flipEngine: Story = {
  name: 'flip-engine',
  title: 'The same attack on this engine',
  about: 'The same liars, the same two transactions, the rule of this project.',
  choices: { ...flipChoices, story: 'flip-engine', rule: 'engine', threshold: 0 },
  scene: undefined,
  captions: [
    {
      when: always,
      text: 'The same two liars try the same. Here a score must be so high that no other set of votes, lies included, could lead to another order.',
    },
    {
      when: blockWithEntries,
      text: 'The contested pair does not get there. So the signers agree in a block which certificates count, and everybody derives the order from those.',
    },
    {
      when: (picture) => picture.convictions.length > 0,
      text: 'Two different votes of one signer on one transaction are a proof against it that anybody can check. See “Evidence”.',
    },
    {
      when: committed,
      text: 'The order is final and the same at every honest signer. The liars achieved nothing.',
    },
  ],
};

export const stories: readonly Story[] = [uncontested, crossing, cycle, dyingRoot, flipSource, flipEngine];

export const findStory = (name: string): Story | undefined => stories.find((one) => one.name === name);

/** Captions that hold at a moment, in their order. */
export const captionsAt = (story: Story, picture: Picture, trace: Trace): readonly string[] =>
  story.captions.filter((caption) => caption.when(picture, trace)).map((caption) => caption.text);
