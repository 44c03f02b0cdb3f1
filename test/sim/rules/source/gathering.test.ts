/** Votes on their way up: who waits for whom, and what happens when the time is up. */

import { describe, expect, it } from 'vitest';
import { Gathering } from '../../../../sim/rules/source/gathering.ts';
import type { SignerId } from '../../../../src/base/ids.ts';
import { Tree } from '../../../../src/tree/tree.ts';

const ids = (...numbers: number[]): SignerId[] => numbers as SignerId[];

/** 0 above 1 and 2; 1 above 3 and 4. */
const tree = new Tree(ids(0, 1, 2, 3, 4), 2);

function at(self: number, quorum: number) {
  const sent: string[] = [];
  let expire: () => void = () => {
    throw new Error('nothing waits');
  };
  let delay = 0;
  const gathering = new Gathering<string>(tree, self as SignerId, quorum, 10, {
    after: (delayMs, run) => {
      delay = delayMs;
      expire = run;
    },
    up: (to, items) => sent.push(`s${to}: ${items.join(' ')}`),
    top: (items) => sent.push(`top: ${items.join(' ')}`),
  });
  const add = (from: number, ...items: [number, string][]): void =>
    gathering.add(from as SignerId, items as unknown as [SignerId, string][]);
  return { sent, add, expire: () => expire(), delay: () => delay };
}

describe('gathering', () => {
  it('an inner node waits for its children, then sends everything at once', () => {
    const node = at(1, 3);
    node.add(1, [1, 'b']);
    node.add(3, [3, 'd']);
    expect(node.sent).toEqual([]);
    node.add(4, [4, 'e']);
    expect(node.sent).toEqual(['s0: b d e']);
    expect(node.delay()).toBe(20);
  });

  it('sends what it has when its time is up, and what comes later as it comes, nothing twice', () => {
    const node = at(1, 3);
    node.add(1, [1, 'b']);
    node.expire();
    node.add(3, [3, 'd'], [1, 'b again']);
    node.add(4);
    expect(node.sent).toEqual(['s0: b', 's0: d']);
  });

  it('a leaf waits for nobody', () => {
    const leaf = at(4, 3);
    leaf.add(4, [4, 'e']);
    expect(leaf.sent).toEqual(['s1: e']);
    expect(leaf.delay()).toBe(0);
  });

  it('the root is done with everybody, once, in order of signers', () => {
    const root = at(0, 3);
    root.add(0, [0, 'a']);
    root.add(1, [3, 'd'], [1, 'b'], [4, 'e']);
    expect(root.sent).toEqual([]);
    root.add(2, [2, 'c']);
    root.expire();
    expect(root.sent).toEqual(['top: a b c d e']);
    expect(root.delay()).toBe(30);
  });

  it('and with a quorum once its time is up, however late the quorum is', () => {
    const root = at(0, 3);
    root.add(0, [0, 'a']);
    root.add(2, [2, 'c']);
    root.expire();
    expect(root.sent).toEqual([]);
    root.add(1, [1, 'b']);
    root.add(1, [3, 'd']);
    expect(root.sent).toEqual(['top: a b c']);
  });
});
