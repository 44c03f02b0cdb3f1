/** Every state goes into an address and comes back; what is wrong in one is said, and never thrown. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkNames } from '../../sim/network/names.ts';
import { type AttackCard, type Choices, defaultChoices, problemsOf } from '../../web/state/choices.ts';
import { stories } from '../../web/state/stories.ts';
import { readHash, writeHash } from '../../web/state/url.ts';

const attacks: readonly AttackCard[] = [
  {
    name: 'flip',
    group: 1,
    about: '',
    goal: '',
    rules: ['engine', 'source'],
    parameters: [
      { name: 'share', initial: 0.5, about: '' },
      { name: 'silent', initial: false, about: '' },
      { name: 'whom', initial: 'all', about: '' },
      // The story of the engine sets it.
      { name: 'block', initial: 'either', about: '' },
    ],
  },
];

const anyChoices: fc.Arbitrary<Choices> = fc
  .record({
    signers: fc.integer({ min: 4, max: 31 }),
    network: fc.constantFrom(...networkNames),
    transactions: fc.integer({ min: 1, max: 24 }),
    conflict: fc.integer({ min: 0, max: 100 }),
    keys: fc.integer({ min: 1, max: 8 }),
    seed: fc.string({ minLength: 1, maxLength: 40 }),
  })
  .map((drawn) => ({ ...defaultChoices, ...drawn }));

const anyAttack: fc.Arbitrary<Partial<Choices>> = fc.record({
  attack: fc.constant('flip'),
  rule: fc.constantFrom('engine' as const, 'source' as const),
  liars: fc.integer({ min: 0, max: 3 }),
  threshold: fc.integer({ min: 0, max: 100 }),
  parameters: fc.record({
    share: fc.integer({ min: -99, max: 99 }).map((value) => value / 4),
    silent: fc.boolean(),
    whom: fc.string({ maxLength: 8 }),
  }),
});

describe('address', () => {
  it('gives back what was written', () => {
    const anyAt = fc.integer({ min: 0, max: 9_000_000 }).map((value) => value / 1000);
    const anyState = fc.record({ choices: fc.tuple(anyChoices, fc.option(anyAttack)), at: anyAt });
    fc.assert(
      fc.property(anyState, ({ choices: [plain, attack], at }) => {
        const choices = { ...plain, ...attack };
        const state = { choices, at, batch: 'B2' };
        expect(readHash(writeHash(state), attacks)).toEqual({ ...state, problems: [] });
      }),
    );
  });

  it('holds a story by its name alone, and another seed of it', () => {
    const [first] = stories;
    const link = writeHash({ choices: first!.choices, at: 0, batch: '' });
    expect(link).toBe('#story=uncontested');
    expect(readHash(link, attacks).choices).toEqual(first!.choices);
    const other = { ...first!.choices, seed: 'other' };
    expect(readHash(writeHash({ choices: other, at: 1.5, batch: '' }), attacks)).toMatchObject({
      choices: other,
      at: 1.5,
    });
  });

  it('reads every story without a problem', () => {
    for (const { choices } of stories)
      expect(readHash(writeHash({ choices, at: 0, batch: '' }), attacks)).toMatchObject({
        choices,
        problems: [],
      });
  });

  it.each([
    ['#n=abc', 'n: must be a whole number from 3 to 31, not "abc"'],
    ['#n=1000', 'n: must be a whole number from 3 to 31, not "1000"'],
    ['#n=4&f=2&t=2', 'signers, byzantine, faulty: two quorums'],
    ['#f=2&t=1', 'faulty (1) must be at least byzantine (2)'],
    ['#network=moon', 'network: must be one of lan, aws, cities, not "moon"'],
    ['#rule=coin', 'rule: must be one of'],
    ['#rule=source', 'rule: "source" can only be shown under an attack'],
    ['#attack=flip&rule=fcfs', 'rule: the attack flip is for engine, source, not "fcfs"'],
    ['#attack=nap', 'attack: "nap" is none of flip'],
    ['#attack=flip&p.share=many', 'share: must be a number, not "many"'],
    ['#attack=flip&p.silent=1', 'silent: must be a boolean, not "1"'],
    ['#attack=flip&p.nothing=1', 'nothing: no such parameter of the attack'],
    ['#attack=flip&liars=9', 'liars: at least one signer must be honest'],
    ['#story=war', 'story: "war" is none of uncontested'],
    ['#at=later', 'at: must be a time in ms, not "later"'],
    ['#at=-1', 'at: must be a time in ms, not "-1"'],
    ['#seed=', 'seed: must have from 1 to 40 characters'],
    ['#colour=red', 'colour: no such choice'],
    ['#constructor=1', 'constructor: no such choice'],
  ])('says what is wrong with %s, and still gives choices that can be run', (hash, problem) => {
    const state = readHash(hash, attacks);
    expect(state.problems.join('\n')).toContain(problem);
    expect(problemsOf(state.choices, attacks)).toEqual([]);
  });

  it('never throws and never gives choices that cannot be run', () => {
    const piece = fc.tuple(
      fc.constantFrom(
        'n',
        'f',
        't',
        'liars',
        'attack',
        'rule',
        'network',
        'seed',
        'at',
        'story',
        'p.share',
        'x',
      ),
      fc.oneof(
        fc.string(),
        fc.integer().map(String),
        fc.constantFrom('flip', 'source', 'cycle', 'lan', '%', '%zz'),
      ),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const state = readHash(`#${pieces.map(([key, value]) => `${key}=${value}`).join('&')}`, attacks);
        expect(problemsOf(state.choices, attacks)).toEqual([]);
        expect(state.at).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
