/**
 * One node's round under every order of what can happen to it, with checks that answer at once or any time
 * later: what can finish finishes, nothing is counted or passed on twice, and blame falls on liars only.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import type { Aggregate } from '../../src/phases/contributions.ts';
import { TreeRound } from '../../src/phases/round.ts';
import { members, Voters } from './support.ts';

const n = 8;
const voters = new Voters(n);

interface Options {
  readonly root: boolean;
  readonly quorum?: number;
  readonly eager?: boolean;
  readonly later?: boolean;
  readonly one?: Voters;
}

/** A round with its host; checks wait in `pending` when they answer later. */
class Bench {
  readonly ups: Aggregate<string>[] = [];
  readonly tops: Aggregate<string>[] = [];
  readonly blamed: number[] = [];
  readonly pending: (() => void)[] = [];
  checks = 0;
  readonly round: TreeRound<string>;

  constructor({ root, quorum = 3, eager = false, later = false, one = voters }: Options) {
    this.round = new TreeRound<string>(
      { scheme: one.scheme, compare: one.compare, quorum, root, eager },
      {
        verify: (aggregate, then) => {
          this.checks += 1;
          const answer = () => then(one.valid(aggregate));
          if (later) this.pending.push(answer);
          else answer();
        },
        up: (aggregate) => this.ups.push(aggregate),
        top: (aggregate) => this.tops.push(aggregate),
        bad: (from) => this.blamed.push(from),
      },
    );
  }

  drain(): void {
    for (let next = this.pending.shift(); next; next = this.pending.shift()) next();
  }

  get passed(): number[] {
    return this.ups.flatMap(members).sort((a, b) => a - b);
  }
}

type Event =
  | { readonly kind: 'own' }
  | { readonly kind: 'part'; readonly from: number; readonly aggregate: Aggregate<string> }
  | { readonly kind: 'release'; readonly from: number }
  | { readonly kind: 'expire' };

const self = 0;
const own = voters.of({ x: [self] });
function apply(bench: Bench, event: Event): void {
  if (event.kind === 'own') bench.round.own(signerId(self), own);
  else if (event.kind === 'part') bench.round.receive(signerId(event.from), event.aggregate);
  else if (event.kind === 'release') bench.round.release(signerId(event.from));
  else bench.round.expire();
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length <= 1) yield [...items];
  for (let i = 0; i < items.length; i++)
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)]))
      yield [items[i]!, ...rest];
}

const part = (from: number, classes: Record<string, number[]>): Event & { kind: 'part' } => ({
  kind: 'part',
  from,
  aggregate: voters.of(classes),
});
const bad = (event: Event & { kind: 'part' }): Event & { kind: 'part' } => ({
  ...event,
  aggregate: voters.forged(event.aggregate),
});
const broken = (event: Event & { kind: 'part' }, bytes: number): Event & { kind: 'part' } => ({
  ...event,
  aggregate: { ...event.aggregate, signature: new Uint8Array(bytes) },
});

/** Scenes: parts that come up at node 0, and who of their senders lies. */
const scenes: readonly {
  readonly name: string;
  readonly parts: (Event & { kind: 'part' })[];
  readonly liars: number[];
}[] = [
  { name: 'honest children', parts: [part(1, { x: [1, 3] }), part(2, { x: [2], y: [4] })], liars: [] },
  { name: 'one child forges', parts: [bad(part(1, { x: [1, 3] })), part(2, { x: [2, 4] })], liars: [1] },
  { name: 'both forge', parts: [bad(part(1, { x: [1] })), bad(part(2, { y: [2, 4] }))], liars: [1, 2] },
  { name: 'no point at all', parts: [broken(part(1, { x: [1, 3] }), 0), part(2, { x: [2, 4] })], liars: [1] },
  {
    name: 'zeros for a signature',
    parts: [broken(part(1, { x: [1, 3] }), 32), part(2, { x: [2, 4] })],
    liars: [1],
  },
  {
    name: 'a long signature',
    parts: [broken(part(1, { x: [1] }), 4096), part(2, { x: [2, 4] })],
    liars: [1],
  },
  {
    name: 'a child that forges, and its honest child that answers directly',
    parts: [bad(part(1, { x: [1, 3] })), part(3, { x: [3] }), part(2, { x: [2] })],
    liars: [1],
  },
  {
    name: 'a straggler alone after its subtree',
    parts: [part(1, { x: [1, 3] }), part(1, { y: [5] }), part(2, { x: [2] })],
    liars: [],
  },
];

/** Signers whose valid signature came. */
const available = (events: readonly Event[]): number[] => [
  ...new Set(
    events.flatMap((event): number[] =>
      event.kind === 'own'
        ? [self]
        : event.kind === 'part' && event.aggregate.signature.length === 32 && voters.valid(event.aggregate)
          ? members(event.aggregate)
          : [],
    ),
  ),
];

describe.each(scenes)('$name', ({ parts, liars }) => {
  const events: Event[] = [{ kind: 'own' }, ...parts, { kind: 'expire' }];
  const reached = available(events).sort((a, b) => a - b);

  it.each([false, true])('an inner node passes each signature up once (checks later: %s)', (later) => {
    for (const order of permutations(events)) {
      const bench = new Bench({ root: false, later });
      bench.round.expect([1, 2].map(signerId));
      for (const event of order) apply(bench, event);
      bench.drain();
      expect(bench.passed).toEqual(reached);
      expect(bench.ups.every((one) => voters.valid(one))).toBe(true);
      expect(new Set(bench.blamed)).toEqual(new Set(liars));
    }
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('the root finishes exactly when it can (eager: %s, checks later: %s)', (eager, later) => {
    for (const quorum of [1, 2, 3, 4, 5])
      for (const order of permutations(events)) {
        const bench = new Bench({ root: true, quorum, eager, later });
        bench.round.expect([1, 2].map(signerId));
        for (const event of order) apply(bench, event);
        bench.drain();
        expect(bench.tops).toHaveLength(reached.length >= quorum ? 1 : 0);
        expect(bench.round.finished).toBe(reached.length >= quorum);
        for (const top of bench.tops) {
          const held = members(top);
          expect(new Set(held).size).toBe(held.length);
          expect(held.length).toBeGreaterThanOrEqual(quorum);
          expect(voters.valid(top)).toBe(true);
        }
        for (const one of bench.blamed) expect(liars).toContain(one);
      }
  });

  it('answers to checks may come between any two events', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.array(fc.nat(3), { minLength: events.length, maxLength: events.length }),
        fc.boolean(),
        (order, answers, root) => {
          const bench = new Bench({ root, later: true, quorum: 3 });
          bench.round.expect([1, 2].map(signerId));
          order.forEach((event, i) => {
            apply(bench, event);
            for (let k = 0; k < answers[i]!; k++) bench.pending.shift()?.();
          });
          bench.drain();
          if (root) expect(bench.tops).toHaveLength(reached.length >= 3 ? 1 : 0);
          else expect(bench.passed).toEqual(reached);
          for (const one of bench.blamed) expect(liars).toContain(one);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('waiting', () => {
  it('an inner node waits for its relays and its own signature, then passes on all at once', () => {
    const bench = new Bench({ root: false });
    bench.round.expect([1, 2].map(signerId));
    apply(bench, { kind: 'own' });
    apply(bench, part(1, { x: [1] }));
    expect([bench.ups.length, [...bench.round.expected]]).toEqual([0, [2]]);
    apply(bench, part(2, { x: [2] }));
    expect(bench.ups.map(members)).toEqual([[0, 1, 2]]);
    expect(bench.checks).toBe(1);
  });

  it('a leaf passes its own signature on without a check', () => {
    const bench = new Bench({ root: false });
    apply(bench, { kind: 'own' });
    apply(bench, { kind: 'own' });
    expect([bench.ups.map(members), bench.checks, bench.round.hasOwn]).toEqual([[[0]], 0, true]);
  });

  it('when time is up an inner node goes on without its own signature', () => {
    const bench = new Bench({ root: false });
    bench.round.expect([1, 2].map(signerId));
    apply(bench, part(1, { x: [1] }));
    apply(bench, { kind: 'expire' });
    expect(bench.round.expired).toBe(true);
    apply(bench, { kind: 'own' });
    apply(bench, part(2, { x: [2] }));
    expect(bench.ups.map(members)).toEqual([[1], [0], [2]]);
  });

  it('a relay that is released is not waited for', () => {
    const bench = new Bench({ root: false });
    bench.round.expect([1].map(signerId));
    apply(bench, { kind: 'own' });
    apply(bench, { kind: 'release', from: 1 });
    apply(bench, { kind: 'release', from: 1 });
    expect(bench.ups.map(members)).toEqual([[0]]);
  });

  it('a root waits for every relay, an eager one only for a quorum', () => {
    for (const eager of [false, true]) {
      const bench = new Bench({ root: true, quorum: 2, eager });
      bench.round.expect([1, 2].map(signerId));
      apply(bench, { kind: 'own' });
      apply(bench, part(1, { x: [1] }));
      expect(bench.tops).toHaveLength(eager ? 1 : 0);
      apply(bench, part(2, { x: [2] }));
      expect(bench.tops.map(members)).toEqual([eager ? [0, 1] : [0, 1, 2]]);
      apply(bench, part(3, { x: [3] }));
      expect(bench.tops).toHaveLength(1);
    }
  });

  it('a root alone finishes with its own signature', () => {
    const bench = new Bench({ root: true, quorum: 1 });
    apply(bench, { kind: 'own' });
    expect([bench.tops.map(members), bench.checks]).toEqual([[[0]], 0]);
  });
});

describe('liars', () => {
  it('what came while a merge was checked goes up next', () => {
    const bench = new Bench({ root: false, later: true });
    bench.round.expect([1].map(signerId));
    apply(bench, { kind: 'own' });
    apply(bench, part(1, { x: [1] }));
    expect(bench.pending).toHaveLength(1);
    apply(bench, part(3, { x: [3] }));
    bench.drain();
    expect(bench.ups.map(members)).toEqual([[0, 1], [3]]);
  });

  it('liars whose shares only add up together are checked together, and blamed when apart', () => {
    // Forged shares whose errors cancel: valid in a merge of both, invalid one by one.
    const honest = [1, 2].map((signer) => voters.of({ x: [signer] }));
    const error = voters.sign(7, 'error');
    const up = { ...honest[0]!, signature: voters.scheme.aggregate([honest[0]!.signature, error]) };
    const down = { ...honest[1]!, signature: voters.scheme.subtract(honest[1]!.signature, error) };
    const bench = new Bench({ root: false });
    bench.round.expect([1, 2].map(signerId));
    apply(bench, { kind: 'own' });
    bench.round.receive(signerId(1), up);
    bench.round.receive(signerId(2), down);
    expect([bench.passed, bench.blamed]).toEqual([[0, 1, 2], []]);
    expect(bench.ups.every((one) => voters.valid(one))).toBe(true);
    const apart = new Bench({ root: false });
    apart.round.expect([1, 2].map(signerId));
    apply(apart, { kind: 'own' });
    apart.round.receive(signerId(1), up);
    apply(apart, { kind: 'expire' });
    apart.round.receive(signerId(2), down);
    expect([apart.passed, apart.blamed]).toEqual([[0], [1, 2]]);
  });

  it('an honest parent is never blamed for what its child forged: it passes on only what it checked', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            from: fc.integer({ min: 1, max: 3 }),
            signers: fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 4 }),
            forged: fc.boolean(),
          }),
          { maxLength: 6 },
        ),
        fc.nat(6),
        (parts, expireAt) => {
          const parent = new Bench({ root: false });
          const above = new Bench({ root: true, quorum: n, eager: true });
          parent.round.expect([1, 2, 3].map(signerId));
          parts.forEach(({ from, signers, forged }, i) => {
            if (i === expireAt) parent.round.expire();
            const claim = voters.of({ x: signers });
            parent.round.receive(signerId(from), forged ? voters.forged(claim) : claim);
          });
          parent.round.own(signerId(self), own);
          parent.round.expire();
          for (const up of parent.ups) above.round.receive(signerId(self), up);
          above.round.expire();
          expect(above.blamed).toEqual([]);
          expect(parent.ups.every((one) => voters.valid(one))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a signature that only overlapping parts hold is still worth asking for', () => {
    // Two liars above one honest signer send what they have of it apart, so that no merge holds all.
    const bench = new Bench({ root: true, quorum: 5 });
    bench.round.expect([1, 2].map(signerId));
    apply(bench, { kind: 'own' });
    apply(bench, part(1, { x: [3, 4] }));
    apply(bench, part(2, { x: [3, 5] }));
    apply(bench, part(6, { x: [6] }));
    apply(bench, { kind: 'expire' });
    expect(bench.round.finished).toBe(false);
    const missing = [0, 1, 2, 3, 4, 5, 6].filter((one) => !bench.round.claimed().has(signerId(one)));
    expect(missing).toContain(5);
    apply(bench, part(5, { x: [5] }));
    expect(bench.tops.map(members)).toEqual([[0, 3, 4, 5, 6]]);
  });
});
