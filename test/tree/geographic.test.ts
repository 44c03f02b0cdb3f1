import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allSigners, type SignerId, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { type Geography, geographyOf } from '../../src/tree/geographic.ts';
import { planTree, type Tree } from '../../src/tree/tree.ts';

/** Round-trip times in milliseconds between cloud regions, rounded (relab/hotstuff, MIT). */
const regions = ['frankfurt', 'virginia', 'tokyo', 'sao-paulo', 'london', 'oregon', 'singapore', 'canada'];
const latencyMs = [
  [3, 91, 232, 206, 16, 143, 164, 94],
  [93, 5, 157, 119, 79, 73, 228, 20],
  [233, 155, 4, 259, 212, 101, 79, 146],
  [205, 117, 259, 4, 190, 178, 334, 130],
  [16, 78, 211, 189, 3, 130, 171, 81],
  [144, 72, 101, 179, 131, 3, 177, 64],
  [164, 226, 78, 334, 171, 176, 2, 225],
  [95, 18, 145, 130, 81, 63, 224, 4],
];

const world = (n: number): Geography =>
  must(
    geographyOf(
      Array.from({ length: n }, (_, i) => regions[i % regions.length]!),
      regions,
      latencyMs,
    ),
  );

const edges = (tree: Tree): [SignerId, SignerId][] => tree.order.slice(1).map((id) => [tree.parent(id)!, id]);

const edgesMs = (tree: Tree, geography: Geography): number =>
  edges(tree).reduce((sum, [a, b]) => sum + geography.distance(a, b) / 2, 0);

/** The slowest way from the root to anybody. */
const pathMs = (tree: Tree, geography: Geography): number =>
  Math.max(
    ...tree.order.map((id) =>
      [id, ...tree.ancestors(id)].reduce(
        (sum, at) => sum + (at === tree.root ? 0 : geography.distance(tree.parent(at)!, at) / 2),
        0,
      ),
    ),
  );

/** Oracle: the rule of the header, recursively, by sorting everything on everything at every node. */
function oracleOrder(order: readonly SignerId[], fanout: number, { regionOf, distance }: Geography) {
  const n = order.length;
  const placed: SignerId[] = new Array(n);
  const count = (place: number): number =>
    place >= n
      ? 0
      : Array.from({ length: fanout }, (_, j) => count(place * fanout + j + 1)).reduce((a, b) => a + b, 1);
  const sorted = (members: SignerId[], keys: (id: SignerId) => number[]): SignerId[] =>
    [...members].sort((a, b) => {
      const other = keys(b);
      return keys(a)
        .map((key, i) => key - other[i]!)
        .find((difference) => difference !== 0)!;
    });
  const at = (id: SignerId) => order.indexOf(id);
  const fill = (place: number, node: SignerId, members: SignerId[]) => {
    placed[place] = node;
    const slots = Array.from({ length: fanout }, (_, j) => place * fanout + j + 1).filter((slot) => slot < n);
    // Grouping leaves is no matter of distance: they stay as shuffled.
    if (members.length === slots.length) {
      for (const [i, slot] of slots.entries()) placed[slot] = members[i]!;
      return;
    }
    let rest = members;
    for (const [i, slot] of slots.entries()) {
      const anchor = sorted(rest, (id) => [-distance(node, id), at(id)])[0]!;
      const others = rest.filter((id) => id !== anchor);
      const start = (id: SignerId) => Math.min(...others.filter((x) => regionOf[x] === regionOf[id]).map(at));
      const near = [anchor, ...sorted(others, (id) => [distance(anchor, id), start(id), at(id)])];
      const group = i === slots.length - 1 ? rest : rest.filter((id) => near.indexOf(id) < count(slot));
      rest = rest.filter((id) => !group.includes(id));
      const head = sorted(group, (id) => [distance(node, id), at(id)])[0]!;
      fill(
        slot,
        head,
        group.filter((id) => id !== head),
      );
    }
  };
  fill(0, order[0]!, order.slice(1));
  return placed;
}

describe('the geographic shape', () => {
  it('equals the oracle', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 4 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.array(fc.constantFrom(...regions, '', 'moon'), { minLength: 24, maxLength: 24 }),
        fc.boolean(),
        (n, fanout, seed, places, known) => {
          const geography = must(
            geographyOf(places.slice(0, n), known ? regions : [], known ? latencyMs : []),
          );
          const plan = { n, fanout, seed, root: signerId(seed[0]! % n) };
          expect(planTree({ ...plan, shape: geography }).order).toEqual(
            oracleOrder(planTree(plan).order, fanout, geography),
          );
        },
      ),
    );
  });

  it('holds every signer once, keeps the root and the shape, and repeats', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.array(fc.constantFrom(...regions, '', 'moon', 'mars'), { minLength: 60, maxLength: 60 }),
        fc.boolean(),
        (n, fanout, seed, places, known) => {
          const regionOf = places.slice(0, n);
          const make = () => must(geographyOf(regionOf, known ? regions : [], known ? latencyMs : []));
          const plan = { n, fanout, seed, root: signerId(seed[0]! % n) };
          const tree = planTree({ ...plan, shape: make() });
          expect([...tree.order].sort((a, b) => a - b)).toEqual(allSigners(n));
          expect(tree.root).toBe(plan.root);
          expect(tree.levels().map((level) => level.length)).toEqual(
            planTree(plan)
              .levels()
              .map((level) => level.length),
          );
          expect(planTree({ ...plan, shape: make() }).order).toEqual(tree.order);
        },
      ),
    );
  });

  // A change of the rule forks federations that use it, like a change of the shuffle.
  it('frozen: 16 signers in eight regions', () => {
    const plan = { n: 16, fanout: 2, seed: Uint8Array.of(1), root: signerId(0) };
    expect(planTree({ ...plan, shape: world(16) }).order).toEqual([
      0, 7, 8, 10, 15, 9, 4, 14, 2, 5, 13, 3, 11, 12, 1, 6,
    ]);
  });

  it.each([
    [7, 2, 0.9],
    [16, 2, 0.65],
    [31, 2, 0.5],
    [31, 4, 0.6],
    [100, 2, 0.3],
  ])('%i signers, fanout %i: edges are at most %f of the plain shuffle', (n, fanout, share) => {
    const geography = world(n);
    const sum = { edges: 0, edgesPlain: 0, path: 0, pathPlain: 0 };
    for (let seed = 0; seed < 40; seed++) {
      const plan = { n, fanout, seed: Uint8Array.of(seed), root: signerId(seed % n) };
      const plain = planTree(plan);
      const tree = planTree({ ...plan, shape: geography });
      sum.edges += edgesMs(tree, geography);
      sum.edgesPlain += edgesMs(plain, geography);
      sum.path += pathMs(tree, geography);
      sum.pathPlain += pathMs(plain, geography);
    }
    expect(sum.edges / sum.edgesPlain).toBeLessThan(share);
    expect(sum.path / sum.pathPlain).toBeLessThan(share + 0.1);
  });

  it('crosses between two places once a head, when each fits into a subtree', () => {
    // Root and 3 in one place, 3 in another: one child leads each.
    const geography = must(
      geographyOf(
        ['a', 'b', 'a', 'b', 'a', 'b', 'a'],
        ['a', 'b'],
        [
          [1, 90],
          [90, 1],
        ],
      ),
    );
    for (let seed = 0; seed < 20; seed++) {
      const plan = { n: 7, fanout: 2, seed: Uint8Array.of(seed), root: signerId(0) };
      const tree = planTree({ ...plan, shape: geography });
      expect(edges(tree).filter(([a, b]) => geography.distance(a, b) > 2)).toHaveLength(1);
    }
  });

  it('keeps regions whole when all are equally far', () => {
    // 15 below each child of the root, 5 in each of six regions: three whole regions a side.
    const regionOf = Array.from({ length: 31 }, (_, i) => (i === 30 ? 'root' : 'abcdef'[i % 6]!));
    const geography = must(geographyOf(regionOf, [], []));
    for (let seed = 0; seed < 20; seed++) {
      const plan = { n: 31, fanout: 2, seed: Uint8Array.of(seed), root: signerId(30) };
      const tree = planTree({ ...plan, shape: geography });
      for (const child of tree.children(tree.root))
        expect(new Set(tree.subtree(child).map((id) => regionOf[id])).size).toBe(3);
    }
  });

  it('depends on the seed inside a region, also when all live in one', () => {
    const plan = { n: 12, fanout: 3, root: signerId(4) };
    const here = must(geographyOf(new Array<string>(12).fill('a'), ['a'], [[1]]));
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) {
      const tree = planTree({ ...plan, seed: Uint8Array.of(seed), shape: here });
      orders.add(tree.order.join());
    }
    expect(orders.size).toBe(10);
  });
});

describe('geographyOf', () => {
  it('adds both directions, and keeps strangers far', () => {
    const geography = must(
      geographyOf(
        ['a', 'b', 'a', 'moon', 'moon', '', ''],
        ['a', 'b'],
        [
          [1, 90],
          [70, 2],
        ],
      ),
    );
    const distance = (a: number, b: number) => geography.distance(signerId(a), signerId(b));
    expect(distance(0, 1)).toBe(160);
    expect(distance(1, 0)).toBe(160);
    expect(distance(0, 2)).toBe(2);
    expect(distance(3, 4)).toBe(0);
    expect(distance(3, 0)).toBe(180);
    expect(distance(5, 6)).toBe(180);
    expect(distance(5, 3)).toBe(180);
  });

  it.each([
    [
      ['a', 'a'],
      [
        [1, 2],
        [2, 1],
      ],
      'REGIONS_REPEAT',
    ],
    [['a', 'b'], [[1, 2]], 'LATENCY_ROWS'],
    [['a', 'b'], [[1, 2], [1]], 'LATENCY_ROW'],
    [
      ['a', 'b'],
      [
        [1, 2],
        [-1, 1],
      ],
      'LATENCY_VALUE',
    ],
    [
      ['a', 'b'],
      [
        [1, 2],
        [Number.NaN, 1],
      ],
      'LATENCY_VALUE',
    ],
  ])('refuses a malformed matrix: %j %j', (names, matrix, code) => {
    const result = geographyOf(['a'], names, matrix);
    expect(result.ok ? '' : result.error.code).toBe(code);
  });

  it('fits one number of signers', () => {
    const plan = { n: 5, fanout: 2, seed: Uint8Array.of(1), root: signerId(0), shape: world(4) };
    expect(() => planTree(plan)).toThrow('regions for 4 signers, but 5 stand in the tree');
  });
});
