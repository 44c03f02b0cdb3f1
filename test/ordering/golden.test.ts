/**
 * Golden scripts. A case is prose (lines with `#`), a command, its input, `----`, what it prints, `----`.
 *
 *   order [source] [json]          input: an arrival file
 *   threshold N [f F] [t T] [table]   no input
 *
 * `UPDATE_GOLDEN=1` rewrites the expected output; read the difference before you keep it.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/base/result.ts';
import { orderCommand } from '../../src/cli/order/order.ts';
import { thresholdCommand } from '../../src/cli/order/threshold.ts';

interface Case {
  readonly prose: string;
  readonly command: string;
  readonly input: string;
  readonly expected: string;
}

function parseScript(text: string): Case[] {
  const parts = text.split(/^----\n/m);
  const cases: Case[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const lines = parts[i]!.split('\n');
    const at = lines.findIndex((line) => /^(order|threshold)( |$)/.test(line));
    if (at < 0) throw new Error(`no command in:\n${parts[i]}`);
    cases.push({
      prose: lines.slice(0, at).join('\n'),
      command: lines[at]!,
      input: lines.slice(at + 1).join('\n'),
      expected: parts[i + 1]!,
    });
  }
  if (parts.length % 2 === 0 || parts.at(-1)!.trim() !== '') throw new Error('the script ends inside a case');
  return cases;
}

function run({ command, input }: Case): string {
  const words = command.split(' ');
  const numberAfter = (word: string): number | undefined =>
    words.includes(word) ? Number(words[words.indexOf(word) + 1]) : undefined;
  const result: Result<{ text: string; json: unknown }> =
    words[0] === 'order'
      ? orderCommand(input, words.includes('source') ? 'source' : 'engine')
      : thresholdCommand({
          signers: Number(words[1]),
          byzantine: numberAfter('f'),
          faulty: numberAfter('t'),
          table: words.includes('table'),
        });
  if (!result.ok) return `refused: ${result.error.message}\n`;
  return words.includes('json') ? `${JSON.stringify(result.value.json, null, 1)}\n` : result.value.text;
}

const folder = new URL('./golden/', import.meta.url);

describe.each(readdirSync(folder).filter((file) => file.endsWith('.txt')))('golden/%s', (file) => {
  const path = new URL(file, folder);
  const cases = parseScript(readFileSync(path, 'utf8'));
  if (process.env.UPDATE_GOLDEN)
    writeFileSync(
      path,
      cases.map((one) => `${one.prose}\n${one.command}\n${one.input}----\n${run(one)}----\n`).join(''),
    );
  it.each(
    cases.map(
      (one) =>
        [
          one.prose
            .replaceAll(/\s*\n?# ?/g, ' ')
            .trim()
            .split('.')[0]!,
          one,
        ] as const,
    ),
  )('%s', (_, one) => {
    if (!process.env.UPDATE_GOLDEN) expect(run(one)).toBe(one.expected);
  });
});
