/** `musig-paxos peer` as a process of its own. Arguments: home, and optionally the store. */
import { peerCommand } from '../../../src/cli/peer.ts';

const [home, store] = process.argv.slice(2) as [string, string | undefined];
const result = await peerCommand({ home, store });
if (!result.ok) process.stderr.write(`${result.error.message}\n`);
process.exitCode = result.ok ? result.value.exitCode : 1;
