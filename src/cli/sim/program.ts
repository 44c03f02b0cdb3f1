/** `musig-paxos sim ...`: the laboratory's commands and their flags. */

import { type Command, InvalidArgumentError } from 'commander';
import { decimal, integer, positive, wholeNumber } from '../arguments.ts';
import { CommandFailure, exitUsage, orFail, print } from '../fail.ts';

const windowOf = (text: string): { fromMs: number; toMs: number } => {
  const [, from, to] = /^(\d{1,9})-(\d{1,9})$/.exec(text) ?? [];
  if (Number(from) < Number(to)) return { fromMs: Number(from), toMs: Number(to) };
  throw new InvalidArgumentError('expected FROM-TO in ms, such as 200-350.');
};
const sizes = (text: string): number[] => text.split(',').map(positive);
const collect = (text: string, list: readonly string[] = []): string[] => [...list, text];
const out = (line: string): void => void process.stdout.write(`${line}\n`);

/** The flags that say what a simulation is. */
function withRunFlags(command: Command): Command {
  return command
    .option('--seed <text>', 'seed of everything random (default: 1)')
    .option('--signers <n>', 'number of signers (default: 4)', positive)
    .option('--byzantine <f>', 'signers that may lie (default: floor((n - 1) / 3))', wholeNumber)
    .option('--faulty <t>', 'signers that may be faulty in any way', wholeNumber)
    .option('--scenario <file>', 'a scenario file; flags override what it says')
    .option('--network <name>', 'lan, aws or cities (default: lan)')
    .option('--rtt <ms>', 'round trip of every link, instead of those of the network', decimal)
    .option('--bandwidth <mbps>', 'of every link, in Mbit/s (default: unlimited)', decimal)
    .option('--uplink <mbps>', 'of everything that one signer sends, in Mbit/s', decimal)
    .option('--costs <kind>', 'free: computing takes no time; measured (default: free)')
    .option('--crypto <kind>', 'fast: signatures are hashes; bls, list: real ones (default: fast)')
    .option('--no-wire', 'pass messages without encoding and decoding them: faster')
    .option('--count-bytes', 'count the bytes of messages without the wire too')
    .option('--extra-slack <c>', "an experiment: added to the engine's slack", integer)
    .option('--threshold <share>', 'an experiment: share of n that a score must reach', decimal)
    .option('--liars <k>', 'signers that lie (default: 1 to f, from the seed)', wholeNumber)
    .option('--adversaries <names>', 'random, none, or names separated by commas (sim list shows them)')
    .option('--faults <kind>', 'random or none')
    .option(
      '--learners <kind>',
      'none, some or all signers are followed (default: some beside faults or liars)',
    )
    .option('--fanout <k>', 'children of a tree node', positive)
    .option('--transactions <x>', 'transactions of clients (default: 60)', wholeNumber)
    .option('--conflict <share>', 'share of transactions on one common key (default: a wild mix)', decimal)
    .option('--duration <ms>', 'virtual time with faults (default: 3000)', wholeNumber)
    .option('--progress <ms>', 'virtual time for everything to be ordered after that', wholeNumber);
}

export function addSimulator(program: Command): void {
  const sim = program.command('sim').description('the laboratory: the real engine in a deterministic world');
  addRun(sim);
  addAttack(sim);
  addSweep(sim);
  addLoad(sim);
  sim
    .command('list')
    .description('the attacks, adversaries and networks that there are')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { listCommand } = await import('./list.ts');
      print(listCommand(), options.json);
    });
  sim
    .command('schemes')
    .description('measures on this machine what a batch costs a signer with each multi-signature scheme')
    .option('--signers <list>', 'sizes of federations (default: 4,7,10,13,16,31)', sizes)
    .option('--fanout <k>', 'children of a tree node (default: what testnet would choose)', positive)
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { schemesCommand } = await import('./schemes.ts');
      const { signers = [4, 7, 10, 13, 16, 31], fanout, json } = options;
      print(schemesCommand(signers, fanout), json);
    });
  sim
    .command('calibrate')
    .description('measures on this machine what computing costs, for --costs measured')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { calibrateCommand } = await import('./calibrate.ts');
      print(await calibrateCommand(), options.json);
    });
}

function addRun(sim: Command): void {
  withRunFlags(sim.command('run').description('one simulation, or many; exit 1 when a check objects'))
    .option('--count <c>', 'that many runs, with seeds SEED-0, SEED-1 ...', positive)
    .option('--workers <w>', 'runs at once, with --count (default: 1)', positive)
    .option('--out <dir>', 'write the report, the trace and its diagrams there')
    .option('--window <from-to>', 'part of the run that the diagram of --out shows, in ms', windowOf)
    .option('--json', 'print reports as JSON, one a line')
    .action(async (options) => {
      const { runCommand } = await import('./run.ts');
      process.exitCode = orFail(await runCommand(options, { out }));
    });

  withRunFlags(sim.command('shrink').description('makes a failing run smaller, until nothing more can go'))
    .requiredOption('--out <file>', 'scenario file to write')
    .option('--budget <runs>', 'runs to try at most (default: 400)', positive)
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { shrinkCommand } = await import('./shrink.ts');
      const result = orFail(await shrinkCommand(options, (line) => process.stderr.write(`${line}\n`)));
      print(result, options.json);
    });
}

function addAttack(sim: Command): void {
  sim
    .command('attack')
    .description('stages an attack over many seeds and counts how often it succeeded')
    .argument('<name>', 'an attack; sim list shows them')
    .option('--rule <rule>', 'engine, source, fcfs or median (default: engine)')
    .option('--threshold <share>', 'share of n that a score must reach', decimal)
    .option('--extra-slack <c>', "added to the engine's slack", integer)
    .option('--signers <n>', 'number of signers (default: 4)', positive)
    .option('--byzantine <f>', 'signers that the federation expects to lie', wholeNumber)
    .option('--faulty <t>', 'signers that may be faulty in any way', wholeNumber)
    .option('--liars <k>', 'signers that do lie (default: f)', wholeNumber)
    .option('--network <name>', 'lan, aws or cities (default: lan)')
    .option('--trials <t>', 'seeds to try (default: 20)', positive)
    .option('--seed <text>', 'trials use SEED, SEED-1, SEED-2 ... (default: 1)')
    .option('--set <name=value>', "a parameter of the attack's; may be given again", collect)
    .option('--out <dir>', 'write the first success, or the first trial, as pictures there')
    .option('--json', 'print JSON')
    .action(async (name, options) => {
      const { attackCommand } = await import('./attack.ts');
      const result = orFail(await attackCommand(name, options));
      print(result, options.json);
      if (!result.sound) process.exitCode = 1;
    });
}

function addLoad(sim: Command): void {
  sim
    .command('load')
    .description('a steady load on virtual time with measured costs: throughput, latency, what bounds them')
    .option('--seed <text>', 'seed of everything random (default: 1)')
    .option('--signers <n>', 'number of signers (default: 31)', positive)
    .option('--byzantine <f>', 'signers that may lie (default: floor((n - 1) / 3))', wholeNumber)
    .option('--faulty <t>', 'signers that may be faulty in any way', wholeNumber)
    .option('--network <name>', 'lan, aws or cities (default: every round trip takes --rtt)')
    .option('--rtt <ms>', 'round trip of every link (default: 200)', decimal)
    .option('--uplink <mbps>', 'of everything that one signer sends, in Mbit/s (default: 100)', decimal)
    .option('--fanout <k>', 'children of a tree node (default: by the number of signers)', positive)
    .option('--shape <name>', 'balanced or geographic trees (default: balanced)')
    .option('--costs <kind>', 'free or measured (default: measured)')
    .option('--rate <x>', 'transactions a second in all (default: 10000)', decimal)
    .option('--ingresses <k>', 'signers that clients send to (default: all, at most 100)', positive)
    .option('--size <bytes>', 'bytes of a value (default: 100)', positive)
    .option('--bundle <k>', 'transactions that one simulated one stands for (default: by the load)', positive)
    .option('--warm-up <ms>', 'virtual time before anything is counted', decimal)
    .option('--measure <ms>', 'virtual time in which things are counted', decimal)
    .option('--limit <name=value>', 'a limit of the federation; may be given again', collect)
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { loadCommand } = await import('./load.ts');
      print(orFail(loadCommand(options)), options.json);
    });
}

function addSweep(sim: Command): void {
  sim
    .command('sweep')
    .description('crosses parameters and runs every cell many times; goes on where it was stopped')
    .argument('<file>', 'sweep file, or the name of a shipped one (sim list shows them)')
    .requiredOption('--out <dir>', 'directory for results and the report')
    .option('--workers <w>', 'processes at once (default: one for each core)', positive)
    .option('--json', 'print JSON')
    .action(async (file, options) => {
      const { sweepCommand } = await import('./sweep.ts');
      const result = await sweepCommand(file, options, process.stderr);
      if (!result.ok) throw new CommandFailure(result.error.message, exitUsage);
      print(result.value, options.json);
    });
}
