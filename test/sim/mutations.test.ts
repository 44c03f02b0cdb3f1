/** The laboratory finds what it is for: each rule broken on purpose is found within few seeds. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/mutations.mjs', import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });

describe('a broken rule is found', () => {
  it.each([
    'closure skipped',
    'base ignored',
    'quorum one short',
    'timeouts do not bind',
    'votes made again after a restart',
  ])('%s', { timeout: 240_000 }, (name) => {
    const { status, stdout, stderr } = run('--seeds', '200', name);
    expect(`${stdout}${stderr}`).toContain(`${name}: found by seed`);
    expect(status).toBe(0);
  });

  it('and a mutation that is none is bad usage', () => {
    const { status, stderr } = run('nothing');
    expect(stderr).toContain('"nothing" is none of');
    expect(status).toBe(2);
  });
});
