/** Run as a process of its own by start.test.ts: `start --home DIR`, as the command line runs it. */

import { startCommand } from '../../src/cli/start.ts';

const result = await startCommand({ home: process.argv[2] ?? '' });
if (result.ok) process.exitCode = result.value.exitCode;
else {
  process.stderr.write(`${result.error.message}\n`);
  process.exitCode = 1;
}
