/**
 * Files fit a room and functions fit a screen (docs/style.md): at most 400 and 80 lines. Tests may have
 * long `describe` blocks, so only the size of their files counts.
 */

import { describe, expect, it } from 'vitest';
import { filesUnder, functionsOf, type SourceFile } from './source.ts';

const fileLinesMax = 400;
const functionLinesMax = 80;

const files = filesUnder(['src', 'sim', 'bench', 'web', 'scripts', 'test'], ['.ts', '.tsx', '.mjs']);

function tooLong({ path, text }: SourceFile): string[] {
  const lines = text.trimEnd().split('\n').length;
  const whole = lines > fileLinesMax ? [`${path}: ${lines} lines, at most ${fileLinesMax}`] : [];
  const functions = path.startsWith('test/')
    ? []
    : functionsOf(text)
        .filter((span) => span.lines > functionLinesMax)
        .map(
          (span) =>
            `${path}:${span.firstLine}: ${span.lines} lines, at most ${functionLinesMax}: ${span.name}`,
        );
  return [...whole, ...functions];
}

const lines = (count: number, text = '  step();\n'): string => text.repeat(count);

describe('sizes', () => {
  it('of files and functions are within the house rules', () => {
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap(tooLong)).toEqual([]);
  });

  it('a planted long file is noticed', () => {
    expect(tooLong({ path: 'src/x.ts', text: lines(400) })).toEqual([]);
    expect(tooLong({ path: 'test/x.test.ts', text: lines(401) })).toHaveLength(1);
  });

  it.each([
    ['a declaration', 'export async function f(a: number, b = {}): Promise<void> {\n', '}\n'],
    ['a declaration that returns an object type', 'function f(): { a: number } {\n', '}\n'],
    [
      'a declaration over several lines',
      'function f<T extends object>(\n  a: { x: T },\n): Result<{ a: T }> {\n',
      '}\n',
    ],
    ['an arrow', 'const f = (a: { x: number }): { y: number } => {\n', '};\n'],
    [
      'a method',
      'class A {\n  private readonly x = { a: 1 };\n  async step(input: { a: number }): Promise<number> {\n',
      '  }\n}\n',
    ],
    ['a method without types', 'class A {\n  step(input) {\n', '  }\n}\n'],
    ['a constructor', 'class A extends B {\n  constructor(x: number) {\n', '  }\n}\n'],
    [
      'a parameter of object type',
      'function f(\n  a: readonly { x: 1 }[],\n  b: (x: 1) => { y: 1 } | undefined,\n): void {\n',
      '}\n',
    ],
    ['a bounded generic', 'class A {\n  #f<T extends { ok: false }>(a: T): T {\n', '  }\n}\n'],
    ['a generic method', 'class A {\n  step<T, U>(input: [T, U]): { a: T; b: U } {\n', '  }\n}\n'],
    ['a callback', 'run(1, { a: 2 }, async (x) => {\n', '});\n'],
    ['a method of an object', 'const o = {\n  a: 1,\n  step(input: number) {\n', '  },\n};\n'],
    [
      'a function with braces in strings',
      `function f() {\n  const a = "}", b = /[/}]/, c = \`}\${{ a: "}" }}\`; // }\n`,
      '}\n',
    ],
  ])('a planted long function is noticed: %s', (_, before, after) => {
    const own = before.split('\n').length - 1;
    expect(tooLong({ path: 'src/x.ts', text: before + lines(70 - own) + after })).toEqual([]);
    expect(tooLong({ path: 'src/x.ts', text: before + lines(80) + after })).toHaveLength(1);
  });

  it.each([
    [
      'a long class of short methods',
      `class A {\n${'  step(a: number) {\n    if (a) {\n      b();\n    }\n  }\n'.repeat(40)}}\n`,
    ],
    ['a long interface', `interface A {\n${'  a(x: number): void;\n'.repeat(100)}}\n`],
    [
      'a table before a short arrow',
      `const a = {\n${'  a: 1,\n'.repeat(100)}  f: () => {\n    a();\n  },\n};\n`,
    ],
    [
      'a table before a short method',
      `const a = {\n${'  a: 1,\n'.repeat(100)}  f(x: number) {\n    a();\n  },\n};\n`,
    ],
    ['a long table', `const a = {\n${'  a: 1,\n'.repeat(100)}};\n`],
  ])('%s is no long function', (_, text) => {
    expect(tooLong({ path: 'src/x.ts', text })).toEqual([]);
  });
});
