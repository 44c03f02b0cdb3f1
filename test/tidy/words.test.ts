/**
 * What must not stand in a file, and versions that must not float. The words are put together from
 * parts, so that this file passes its own test.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOf, filesUnder, lineOf, root, type SourceFile } from './source.ts';

const folders = ['src', 'sim', 'bench', 'web', 'scripts', 'test', 'docs', '.ci'];
const endings = ['.ts', '.tsx', '.mjs', '.js', '.md', '.html', '.css', '.txt', '.toml', 'run'];
const rootFiles = ['package.json', 'tsconfig.json', 'biome.json', 'knip.json', 'vitest.config.ts', '.npmrc'];

const anywhere: readonly RegExp[] = [
  new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|X${'XX'}|HA${'CK'})\\b`, 'g'),
  new RegExp(`@ts-(?:ig${'nore'}|no${'check'})`, 'g'),
  new RegExp(`/(?:wo${'rk'}|ro${'ot'}|Us${'ers'}|ho${'me'}/[a-z][\\w-]*)/`, 'g'),
];
/** Tests that are switched off, or switch all others off. */
const inCode: readonly RegExp[] = [
  new RegExp(`\\b(?:it|test|describe)\\.(?:on${'ly'}|sk${'ip'}|to${'do'})\\b`, 'g'),
];

function forbidden({ path, text }: SourceFile): string[] {
  const find = (where: string, patterns: readonly RegExp[]): string[] =>
    patterns.flatMap((pattern) =>
      [...where.matchAll(pattern)].map((match) => `${path}:${lineOf(text, match.index)}: ${match[0]}`),
    );
  return [...find(text, anywhere), ...(/\.(?:ts|tsx|mjs)$/.test(path) ? find(codeOf(text), inCode) : [])];
}

/** Dependencies whose version is not one exact version, as `name version`. */
function floating(packageJson: Record<string, unknown>): string[] {
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides'].flatMap(
    (key) =>
      Object.entries((packageJson[key] ?? {}) as Record<string, string>)
        .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${name} ${version}`),
  );
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('words', () => {
  it('that must not stand in a file are in none', () => {
    const files = [...filesUnder(folders, endings), ...rootFiles.map((path) => ({ path, text: read(path) }))];
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(forbidden)).toEqual([]);
  });

  it.each([
    `// TO${'DO'}: later`,
    `/* FIX${'ME'} */`,
    `it.on${'ly'}('a', () => {});`,
    `describe.sk${'ip'}('a', () => {});`,
    `// @ts-ig${'nore'}`,
    `const a = '/wo${'rk'}/main/x';`,
    `const a = '/ho${'me'}/somebody/x';`,
    `const a = '/ro${'ot'}/x';`,
  ])('a planted %s is noticed', (text) => {
    expect(forbidden({ path: 'test/x.test.ts', text })).toHaveLength(1);
  });

  it.each(["it.skipIf(!url)('a', () => {});", 'list.only(3);', "const a = '/var/lib/musig-paxos';"])(
    '%s is left alone',
    (text) => {
      expect(forbidden({ path: 'test/x.test.ts', text })).toEqual([]);
    },
  );
});

describe('package.json', () => {
  it('pins every version exactly', () => {
    expect(floating(JSON.parse(read('package.json')))).toEqual([]);
  });

  it.each(['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1.0.0', '1.2'])(
    'a planted %s is noticed',
    (version) => {
      expect(floating({ devDependencies: { a: version, b: '1.2.3' } })).toEqual([`a ${version}`]);
    },
  );
});
