/**
 * A signer that lies in every vote, for measurements of what a liar can cost: the shipped signer with a check
 * that rejects whatever it is asked about. Its votes are well-formed and validly signed, so they stand in
 * certificates, each as a class of its own, and where the slack is 0 no batch is final by its score.
 *
 *   node liar.js HOME
 */

import { loadSignerHome } from '../../src/signer/config.ts';
import { startSigner } from '../../src/signer/signer.ts';

const home = loadSignerHome(process.argv[2] ?? '');
if (!home.ok) {
  process.stderr.write(`${home.error.message}\n`);
  process.exit(2);
}
const signer = await startSigner(home.value, { check: () => 'a lie' });
const { message } = await signer.failed;
process.stderr.write(`${message}\n`);
process.exit(1);
