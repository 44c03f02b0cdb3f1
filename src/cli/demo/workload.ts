/**
 * The demo's input: real edits of documents, one transaction a line (`data/README.md`). Any file of the
 * same form will do, compressed or not.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { utf8 } from '../../base/bytes.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { type Operation, parseOperations } from '../../peer/machine/documents.ts';

export interface WorkloadLine {
  /** Who made the edit; each author is a client. */
  readonly author: number;
  readonly at: number;
  readonly operations: readonly Operation[];
}

const lineForm = z.object({ at: z.number(), author: z.int().min(0), ops: z.array(z.unknown()).min(1) });

/** Reads a workload file. A refusal names the file and the line. */
export async function readWorkload(file: string): Promise<Result<WorkloadLine[]>> {
  let text: string;
  try {
    const bytes = await readFile(file);
    const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    text = (compressed ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    return refuse(
      'WORKLOAD',
      `--workload: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`,
    );
  }
  const lines: WorkloadLine[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseLine(line);
    if (!parsed.ok) return refuse('WORKLOAD', `${file}:${i + 1}: ${parsed.error.message}`);
    lines.push(parsed.value);
  }
  return lines.length > 0 ? accept(lines) : refuse('WORKLOAD', `${file}: holds no transaction`);
}

function parseLine(line: string): Result<WorkloadLine> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refuse('WORKLOAD', 'not JSON');
  }
  const form = lineForm.safeParse(value);
  if (!form.success) return refuse('WORKLOAD', 'expected { at, author, ops: [...] }');
  const operations = parseOperations(utf8(line));
  if (!operations.ok) return operations;
  return accept({ author: form.data.author, at: form.data.at, operations: operations.value });
}

/** The workload that comes with the package. */
export function defaultWorkload(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return join(directory, 'data', 'compat-history.jsonl.gz');
}
