import { describe, expect, it } from 'vitest';
import { allSigners, attempt, type BatchId, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { drawTree, treeCommand, treeJson } from '../../src/cli/draw-tree.ts';
import { geographyOf } from '../../src/tree/geographic.ts';
import { batchSeed } from '../../src/tree/shuffle.ts';
import { planTree, Tree } from '../../src/tree/tree.ts';

const tree = new Tree(allSigners(7), 2);

describe('drawTree', () => {
  it('draws a line a signer', () => {
    expect(drawTree(tree)).toBe(
      [
        '7 signers, fanout 2, root 0, height 2; on each level: 1 2 4',
        '',
        'signer   level  subtree',
        '0            0        7',
        '├─ 1         1        3',
        '│  ├─ 3      2        1',
        '│  └─ 4      2        1',
        '└─ 2         1        3',
        '   ├─ 5      2        1',
        '   └─ 6      2        1',
        '',
      ].join('\n'),
    );
  });

  it('marks suspects and shows who goes around them', () => {
    const suspected = (id: number) => id === 1 || id === 6;
    expect(drawTree(tree, { suspected, names: ['anna', 'bob', 'carol\u001b[31m\u202e'] })).toBe(
      [
        '7 signers, fanout 2, root 0, height 2; on each level: 1 2 4',
        '',
        'signer            level  subtree',
        '0 anna                0        7',
        '├─ 1 bob              1        3  ✗ suspected',
        '│  ├─ 3               2        1  ← 0',
        '│  └─ 4               2        1  ← 0',
        '└─ 2 carol?[31m?      1        3',
        '   ├─ 5               2        1',
        '   └─ 6               2        1  ✗ suspected',
        '',
      ].join('\n'),
    );
  });

  it('draws one signer, and a chain of a thousand', () => {
    expect(drawTree(new Tree(allSigners(1), 2))).toContain('1 signer, fanout 2, root 0, height 0');
    expect(drawTree(new Tree(allSigners(1000), 1)).split('\n')).toHaveLength(1004);
  });
});

describe('treeJson', () => {
  it('holds nodes by id, and survives JSON', () => {
    const json = treeJson(new Tree([2, 0, 1].map(signerId), 1));
    expect(json).toEqual({
      signers: 3,
      fanout: 1,
      root: 2,
      height: 2,
      order: [2, 0, 1],
      levels: [[2], [0], [1]],
      nodes: [
        { id: 0, parent: 2, children: [1], level: 1, subtreeSize: 2 },
        { id: 1, parent: 0, children: [], level: 2, subtreeSize: 1 },
        { id: 2, parent: null, children: [0], level: 0, subtreeSize: 3 },
      ],
    });
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});

describe('treeCommand', () => {
  it('gives the very tree of a batch', () => {
    const batch = 'aB'.repeat(32);
    const seed = batchSeed(batch.toLowerCase() as BatchId, attempt(2));
    const expected = planTree({ n: 16, fanout: 2, seed, root: signerId(5) });
    const { json, text } = must(treeCommand({ signers: '16', seed: batch, root: '5', attempt: '2' }));
    expect(json).toEqual({
      ...treeJson(expected),
      seed: batch.toLowerCase(),
      attempt: 2,
      shape: 'balanced',
    });
    expect(text).toBe(drawTree(expected));
  });

  it('has root 0, attempt 0, fanout 2 and the balanced shape by default, and hashes short seeds', () => {
    const { json } = must(treeCommand({ signers: 4, seed: 'ab' }));
    expect(json).toMatchObject({ root: 0, attempt: 0, fanout: 2, shape: 'balanced' });
    const orders = ['ab', 'ac', 'abab'].map((seed) =>
      must(treeCommand({ signers: 16, seed })).json.order.join(),
    );
    expect(new Set(orders).size).toBe(3);
    const again = must(treeCommand({ signers: 16, seed: 'ab', attempt: 1 })).json.order.join();
    expect(again).not.toBe(orders[0]);
  });

  it('deals signers over sample regions, or takes those of a federation', () => {
    const sample = must(treeCommand({ signers: 16, seed: 'ab', shape: 'geographic' }));
    expect(sample.text).toMatch(/^geographic shape, signers dealt over sample regions\n/);
    expect(sample.text).toContain('0 eu-central-1');
    expect(sample.json.regions).toHaveLength(16);
    const geography = must(geographyOf(['x', 'y', 'x', 'y'], [], []));
    const names = ['a', 'b', 'c', 'd'];
    const own = must(treeCommand({ signers: 4, seed: 'ab', shape: 'geographic', geography, names }));
    expect(own.text).toContain('0 a ');
    expect(own.json.regions).toBeUndefined();
    const wrong = treeCommand({ signers: 5, seed: 'ab', shape: 'geographic', geography });
    expect(wrong).toEqual({
      ok: false,
      error: { code: 'BAD_OPTION', message: '--signers: 5, but the federation has 4' },
    });
  });

  const good = { signers: '4', seed: 'ab' };
  it.each([
    [{ ...good, signers: '0' }, '--signers: "0" is not a whole number from 1 to 4096'],
    [{ ...good, signers: 4097 }, '--signers: "4097" is not a whole number from 1 to 4096'],
    [{ ...good, signers: '1e3' }, '--signers: "1e3" is not a whole number from 1 to 4096'],
    [{ ...good, signers: '' }, '--signers: "" is not a whole number from 1 to 4096'],
    [{ ...good, signers: 2.5 }, '--signers: "2.5" is not a whole number from 1 to 4096'],
    [{ ...good, root: '4' }, '--root: "4" is not a whole number from 0 to 3'],
    [{ ...good, root: -1 }, '--root: "-1" is not a whole number from 0 to 3'],
    [{ ...good, attempt: '9007199254740992' }, '--attempt: "9007199254740992" is not a whole number from 0'],
    [{ ...good, fanout: '0' }, '--fanout: "0" is not a whole number from 1 to 4096'],
    [{ ...good, shape: 'round' }, '--shape: "round" is unknown, expected balanced or geographic'],
    [{ ...good, seed: 'abc' }, '--seed: "abc" is not an even number of hex digits, from 2 to 1024'],
    [{ ...good, seed: '' }, '--seed: "" is not an even number of hex digits, from 2 to 1024'],
    [{ ...good, seed: 'ab\n' }, '--seed: "ab?" is not an even number of hex digits, from 2 to 1024'],
    [
      { ...good, seed: 'ab'.repeat(513) },
      `--seed: "${'ab'.repeat(20)}…" is not an even number of hex digits, from 2 to 1024`,
    ],
  ])('refuses %j', (options, message) => {
    expect(treeCommand(options)).toEqual({ ok: false, error: { code: 'BAD_OPTION', message } });
  });
});
