/**
 * Does the laboratory find what it is for? Breaks one rule of the engine at a time in a private copy of the
 * sources and runs seeds there until a checker objects:
 *
 *   node scripts/mutations.mjs [--seeds 1000] [NAME ...]
 *
 * Exit 0 when every broken rule was found, 1 when one survived all seeds, 2 when a mutation no longer fits
 * the sources.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Name -> edits, each a file, a text that stands in it, and what takes its place everywhere in the file. */
const mutations = {
  'closure skipped': [['src/ordering/closure.ts', '  return majority;', '  return new Set();']],
  'base ignored': [
    [
      'src/ordering/score.ts',
      'facts.classes.filter((one) => one.base <= context.height)',
      'facts.classes.filter(() => true)',
    ],
  ],
  'quorum one short': [
    ['src/ordering/quorum.ts', 'return accept({ n, f, t, q,', 'return accept({ n, f, t, q: q - 1,'],
    [
      'src/verify/verifier.ts',
      'this.q = this.n - federation.faulty;',
      'this.q = this.n - federation.faulty - 1;',
    ],
  ],
  'timeouts do not bind': [
    ['src/phases/safety.ts', "if (block.view <= this.timedOut) return 'timed out of its term';", ''],
    ['src/phases/safety.ts', ' && block.view > this.timedOut;', ';'],
  ],
  'votes made again after a restart': [
    [
      'src/engine/acceptance.ts',
      'vote: { base, before, rejects } });',
      'vote: { base: this.#committed.lastConflict(batch.keys) ?? base, before: this.index.conflictsOf(batch.keys).sort(compareText) ?? before, rejects } });',
    ],
  ],
  'two signatures in a view': [
    [
      'src/phases/safety.ts',
      "if (block.view <= this.#record.lastSigned) return 'signed in this view or a later one';",
      '',
    ],
  ],
  'statements leave before they are durable': [
    [
      'sim/node.ts',
      'const durable = sends.filter((send) => send.durable);',
      'for (const send of sends) if (send.durable) this.#send(send);\n    const durable: Send[] = [];',
    ],
  ],
  'one vote of slack too many': [
    [
      'src/ordering/quorum.ts',
      'slack, threshold: n - slack }',
      'slack: slack + 1, threshold: n - slack - 1 }',
    ],
  ],
  'justify below the timeout certificate': [
    ['src/phases/safety.ts', 'if (block.justify.view < tc.high.view)', 'if (block.justify.view < 0)'],
  ],
};

const hunt = `
import { simulate } from './sim/run.ts';
const shapes = [[4, 1, 1], [6, 1, 1], [7, 2, 2], [5, 0, 2], [10, 2, 2]];
const seeds = Number(process.argv[2]);
for (let i = 0; i < seeds; i++) {
  const [signers, byzantine, faulty] = shapes[i % shapes.length];
  const report = simulate({ seed: 'mutation-' + i, signers, byzantine, faulty, wire: false });
  const bad = Object.entries(report.checks).filter(([, verdict]) => verdict !== 'ok').map(([name]) => name);
  if (bad.length === 0) continue;
  console.log(JSON.stringify({ i, signers, bad, objection: report.objections[bad[0]]?.[0]?.split('\\n')[0] }));
  process.exit(0);
}
process.exit(3);
`;

/** Breaks the copy, hunts, and says what came of it. */
function run(name, edits, seeds) {
  const copy = mkdtempSync(join(tmpdir(), 'musig-paxos-mutation-'));
  try {
    for (const folder of ['src', 'sim', 'package.json', 'tsconfig.json'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const [file, text, instead] of edits) {
      const source = readFileSync(join(copy, file), 'utf8');
      if (!source.includes(text)) {
        console.error(`${name}: ${file} has no "${text}" any more`);
        return 2;
      }
      writeFileSync(join(copy, file), source.replaceAll(text, instead));
    }
    writeFileSync(join(copy, 'hunt.ts'), hunt);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'hunt.ts', String(seeds)],
      {
        cwd: copy,
        encoding: 'utf8',
      },
    );
    if (status === 3) console.log(`${name}: SURVIVED ${seeds} seeds`);
    else if (status !== 0)
      console.log(`${name}: could not run: ${stderr.trim().split('\n').slice(-3).join(' ')}`);
    else {
      const { i, signers, bad, objection } = JSON.parse(stdout);
      console.log(`${name}: found by seed ${i} (n=${signers}): ${bad.join(', ')}\n    ${objection}`);
    }
    return status === 0 ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' } },
  allowPositionals: true,
});
const chosen = positionals.length > 0 ? positionals : Object.keys(mutations);
const unknown = chosen.find((name) => !(name in mutations));
if (unknown !== undefined) {
  console.error(`"${unknown}" is none of: ${Object.keys(mutations).join('; ')}`);
  process.exit(2);
}
process.exitCode = Math.max(...chosen.map((name) => run(name, mutations[name], Number(values.seeds))));
