/** A learner as a process of its own, to be killed. Arguments: its directory, and the signer to follow. */
import { World } from '../../../sim/world.ts';
import { startLearner } from '../../../src/peer/learner.ts';
import { worldOptions } from '../follow/support.ts';
import { crypto, homeOf, load, provider, quick } from './support.ts';

const [directory, follow] = process.argv.slice(2) as [string, string];
const world = new World(worldOptions({ ...load, provider }));
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const log = { info: print, warn: print, error: print };
const learner = await startLearner(homeOf(world, directory, [follow]), { crypto, timing: quick, log });
print(`url ${learner.url}`);
