/** The commands and their flags. Each command's code is loaded only when it runs. */

import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { decimal, wholeNumber } from './arguments.ts';
import { CommandFailure, exitUsage, orFail, print } from './fail.ts';
import { addSimulator } from './sim/program.ts';
import { version } from './version.ts';

/** Reads a file that the user named. @throws CommandFailure naming the file. */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${file}: ${(error as NodeJS.ErrnoException).code ?? error}: cannot be read`);
  }
}

export function buildProgram(): Command {
  const program = new Command('musig-paxos')
    .description('Byzantine fault tolerant ordering of transactions')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(add --help for the flags)')
    .configureOutput({ outputError: (text, write) => write(text) });
  addPlanning(program);
  addPrograms(program);
  addClients(program);
  addTools(program);
  addBench(program);
  addSimulator(program);
  return program;
}

function addPlanning(program: Command): void {
  program
    .command('testnet')
    .description('keys, federation file, configurations, compose file and systemd units for a federation')
    .requiredOption('--signers <n>', 'number of signers', wholeNumber)
    .option('--byzantine <f>', 'signers that may lie (default: floor((n - 1) / 3))', wholeNumber)
    .option(
      '--faulty <t>',
      'signers that may be faulty in any way (default: floor((n - 1) / 3))',
      wholeNumber,
    )
    .option('--regions <csv>', 'latency matrix: deals the signers over its regions, geographic trees')
    .requiredOption('--out <dir>', 'directory to make')
    .option('--base-port <port>', 'first port', wholeNumber)
    .option('--host <host>', 'host that the signers listen on and are reached at')
    .option(
      '--fanout <k>',
      'children of a tree node (default: one level up to 4 signers, else 2)',
      wholeNumber,
    )
    .option(
      '--scheme <name>',
      'signatures of votes and blocks: ed25519-list or bls12-381 (default: the cheaper one)',
    )
    .option('--seed <hex>', 'makes the keys reproducible: for tests only')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { testnetCommand } = await import('./testnet/testnet.ts');
      print(orFail(await testnetCommand(options)), options.json);
    });

  program
    .command('threshold')
    .description('quorum, slack and the score needed for a choice of n, f and t')
    .requiredOption('--signers <n>', 'number of signers', wholeNumber)
    .option('--byzantine <f>', 'signers that may lie', wholeNumber)
    .option('--faulty <t>', 'signers that may be faulty in any way', wholeNumber)
    .option('--table', 'all choices at n')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { thresholdCommand } = await import('./order/threshold.ts');
      print(orFail(thresholdCommand(options)), options.json);
    });
}

function addPrograms(program: Command): void {
  program
    .command('start')
    .description('one signer, until it is told to stop')
    .requiredOption('--home <dir>', 'its home directory')
    .action(async (options) => {
      const { startCommand } = await import('./start.ts');
      process.exitCode = orFail(await startCommand(options)).exitCode;
    });

  program
    .command('peer')
    .description('one learner, until it is told to stop')
    .requiredOption('--home <dir>', 'its home directory')
    .option('--store <kind>', 'lmdb, postgres, couchdb or memory; otherwise what peer.toml says')
    .option('--finality <kind>', 'score or order; otherwise what peer.toml says')
    .action(async (options) => {
      const { peerCommand } = await import('./peer.ts');
      process.exitCode = orFail(await peerCommand(options)).exitCode;
    });

  program
    .command('demo')
    .description('a federation of real processes on real input, with one signer killed on the way')
    .option('--workload <file>', 'transactions to send, see data/README.md')
    .option('--in-flight <n>', 'transactions under way at once', wholeNumber)
    .option('--keep', 'keep the directory with logs and data')
    .option('--json', 'print the summary alone, as JSON')
    .action(async (options) => {
      const { demoCommand } = await import('./demo/demo.ts');
      print(await demoCommand(options), options.json);
    });

  program
    .command('status')
    .description("a node's state")
    .requiredOption('--to <url>', 'base URL of a signer or a learner')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { statusCommand } = await import('./status.ts');
      print(orFail(await statusCommand(options)), options.json);
    });
}

function addClients(program: Command): void {
  program
    .command('submit')
    .description('sends transactions and prints their receipts')
    .requiredOption('--to <urls>', 'base URLs of signers, separated by commas')
    .option('--deps <list>', 'dependencies, separated by commas; empty: independent; absent: everything')
    .option('--body <json>', 'one body')
    .option('--file <file>', 'a file with one body a line')
    .option('--federation <file>', 'federation file; otherwise fetched and trusted on first use')
    .option('--finality <kind>', 'wait for score or order', 'score')
    .option('--timeout-ms <ms>', 'how long to wait', wholeNumber)
    .option('--json', 'print receipts as JSON, one a line')
    .action(async (options) => {
      const { submitCommand } = await import('./submit.ts');
      const out = (line: string): void => void process.stdout.write(`${line}\n`);
      const warn = (line: string): void => void process.stderr.write(`${line}\n`);
      orFail(await submitCommand(options, { out, warn }));
    });

  program
    .command('get')
    .description('a document from a learner')
    .argument('<id>', 'document id')
    .requiredOption('--from <url>', 'base URL of a learner')
    .option('--json', 'print JSON')
    .action(async (id, options) => {
      const { getCommand } = await import('./get.ts');
      print(orFail(await getCommand({ id, ...options })), options.json);
    });

  program
    .command('verify')
    .description('checks a receipt, a proof or evidence, offline')
    .argument('<file>', 'what to check')
    .requiredOption('--federation <file>', 'federation file')
    .option('--json', 'print JSON')
    .action(async (file, options) => {
      const { verifyCommand } = await import('./verify.ts');
      const result = verifyCommand(await readText(file), await readText(options.federation));
      if (!result.ok) throw new CommandFailure(`${file}: ${result.error.message}`);
      print(result.value, options.json);
    });
}

function addTools(program: Command): void {
  program
    .command('tree')
    .description('draws the tree of a batch')
    .requiredOption('--signers <n>', 'number of signers')
    .requiredOption('--seed <hex>', 'batch id, or any hex')
    .option('--root <i>', 'root of the tree', '0')
    .option('--attempt <k>', 'attempt', '0')
    .option('--fanout <k>', 'children of a node', '2')
    .option('--shape <shape>', 'balanced or geographic', 'balanced')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { treeCommand } = await import('./draw-tree.ts');
      print(orFail(treeCommand(options)), options.json);
    });

  program
    .command('order')
    .description('what order these arrivals give')
    .argument('<file>', 'arrival file, - for standard input')
    .option('--rule <rule>', 'engine or source', 'engine')
    .option('--json', 'print JSON')
    .action(async (file, options) => {
      if (options.rule !== 'engine' && options.rule !== 'source')
        throw new CommandFailure(
          `--rule: "${options.rule}" is unknown, expected engine or source`,
          exitUsage,
        );
      const { orderCommand } = await import('./order/order.ts');
      const result = orderCommand(await readText(file), options.rule);
      if (!result.ok) throw new CommandFailure(`${file}: ${result.error.message}`);
      print(result.value, options.json);
    });
}

function addBench(program: Command): void {
  program
    .command('bench')
    .description('real processes on loopback: throughput, latency, and what they cost')
    .option('--signers <n>', 'number of signers (default: 4)', wholeNumber)
    .option('--byzantine <f>', 'signers that may lie', wholeNumber)
    .option('--faulty <t>', 'signers that may be faulty in any way', wholeNumber)
    .option('--fanout <k>', 'children of a tree node', wholeNumber)
    .option('--clients <c>', 'load processes (default: 1)', wholeNumber)
    .option('--outstanding <list>', 'transactions under way at once, one load each (default: 1,10,50,2000)')
    .option('--rate <r>', 'open loop: transactions a second, whatever comes back', decimal)
    .option('--schedule <kind>', 'of the open loop: poisson or fixed (default: poisson)')
    .option('--size <bytes>', 'of a value (default: 100)', wholeNumber)
    .option('--conflict <percent>', 'transactions that depend on one hot key (default: 0)', decimal)
    .option('--keys <kind>', 'distinct, uniform[:count] or zipf[:exponent[:count]] (default: distinct)')
    .option('--seconds <s>', 'to measure (default: 5)', decimal)
    .option('--warmup <s>', 'before that (default: 8, or 1.5 a signer)', decimal)
    .option('--starts <n>', 'fresh starts (default: 3)', wholeNumber)
    .option('--dead <k>', 'signers killed before measuring', wholeNumber)
    .option('--liars <k>', 'signers that lie in every vote', wholeNumber)
    .option('--at <list>', 'signers that each load process deals over (default: one each)')
    .option('--finality <kind>', 'awaited: score or order (default: score)')
    .option(
      '--against <system>',
      'etcd: three servers of the distribution, in turn with ours at the same load',
    )
    .option('--etcd-client <kind>', 'grpc, or lean: next to no costs of its own (default: grpc)')
    .option('--profile', 'one more start of each load, with CPU profiles: time by phase')
    .option('--memory', 'samples memory and disk use while measuring')
    .option('--every <s>', 'seconds between the samples (default: 5)', decimal)
    .option('--learner', 'a learner follows; values are operations on documents')
    .option('--html <file>', 'writes a report')
    .option('--out <dir>', 'writes report, figures and profiles')
    .option('--dir <dir>', 'where to keep data (default: a temporary directory on a disk)')
    .option('--keep', 'keep data and logs')
    .option('--json', 'print JSON')
    .action(async (options) => {
      const { benchCommand } = await import('./bench.ts');
      print(await benchCommand(options), options.json);
    });
}
