#!/usr/bin/env node
/**
 * The command line: arguments in, output and exit code out; everything else is elsewhere. Exit 0 on
 * success, 1 on failure, 2 on bad usage; a mistake of the user's is one line, never a stack trace.
 */

import { CommanderError } from 'commander';
import { installNodeNative } from '../crypto/native-node.ts';
import { CommandFailure, exitFailure, exitUsage } from './fail.ts';
import { buildProgram } from './program.ts';

async function main(argv: readonly string[]): Promise<number> {
  const program = buildProgram();
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (error instanceof CommandFailure) {
      process.stderr.write(`${error.message}\n`);
      return error.exitCode;
    }
    const fault = error as Error & { code?: string };
    const known = fault.code !== undefined && /^E[A-Z]+$/.test(fault.code);
    process.stderr.write(known ? `${fault.message}\n` : `internal error: ${fault.stack ?? fault}\n`);
    return exitFailure;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
installNodeNative();
process.exitCode = await main(process.argv);
