/** `musig-paxos bench`: flags in, a table or JSON out, and files where they are asked for. */

import { runBench } from '../../bench/bench.ts';
import { type BenchFlags, benchOptions } from '../../bench/options.ts';
import { writeOutput } from '../../bench/output.ts';
import { formatBench } from '../../bench/text.ts';
import { CommandFailure, orFail } from './fail.ts';

/** @throws CommandFailure with one line. */
export async function benchCommand(
  flags: BenchFlags,
): Promise<{ readonly text: string; readonly json: unknown }> {
  const options = orFail(benchOptions(flags));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  try {
    const outcome = await runBench(options, say);
    const results = outcome.loads.flatMap((one) => one.results);
    for (const file of writeOutput(outcome, flags)) say(`wrote ${file}`);
    const json = results.length === 1 ? results[0] : results;
    return { text: formatBench(results), json };
  } catch (error) {
    throw new CommandFailure(`bench: ${error instanceof Error ? error.message : String(error)}`);
  }
}
