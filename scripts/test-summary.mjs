/**
 * The last line of a build: `123 passed, 0 failed`, from the file that vitest's JSON reporter wrote. A
 * test file that could not even be loaded counts as one failure. Exit code 1 when anything failed or
 * nothing ran: a suite that finds no tests must not look like one that passes.
 */

import { readFileSync } from 'node:fs';

const path = process.argv[2];
if (path === undefined) {
  process.stderr.write('usage: node scripts/test-summary.mjs REPORT.json\n');
  process.exit(2);
}

let report;
try {
  report = JSON.parse(readFileSync(path, 'utf8'));
} catch (error) {
  process.stderr.write(`test-summary: no report of the tests: ${error.message}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}
const unloaded = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
).length;
const passed = report.numPassedTests;
const failed = report.numFailedTests + unloaded;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed > 0 || passed === 0 || report.success !== true ? 1 : 0);
