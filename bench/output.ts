/** What a bench leaves: a report where it is asked for, and a folder with everything. */

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prettyJson, replaceFile, writeFolder } from '../sim/report/files.ts';
import { ownOrigin } from '../sim/report/origin.ts';
import type { BenchOutcome } from './bench.ts';
import { benchPage } from './report.ts';

export interface OutputOptions {
  /** A file for the report alone. */
  readonly html?: string | undefined;
  /** A folder for report, figures and CPU profiles. */
  readonly out?: string | undefined;
}

/** @returns paths of the files written. */
export function writeOutput(outcome: BenchOutcome, { html, out }: OutputOptions): string[] {
  const written: string[] = [];
  if (html !== undefined) {
    mkdirSync(dirname(html), { recursive: true });
    replaceFile(html, benchPage(outcome));
    written.push(html);
  }
  if (out !== undefined) {
    const results = outcome.loads.flatMap((one) => one.results);
    const files = {
      'results.json': prettyJson({ origin: ownOrigin(), machine: outcome.machine, results }),
      'report.html': benchPage(outcome),
    };
    written.push(...writeFolder(out, files).map((name) => join(out, name)));
    for (const { load, profiling } of outcome.loads)
      written.push(...(profiling?.write(out, `${load.outstanding}-`) ?? []));
  }
  return written;
}
