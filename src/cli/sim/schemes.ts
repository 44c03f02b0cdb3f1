/** `sim schemes`: what a batch costs a signer with each multi-signature scheme, measured here. */

import { places, type SchemeCost, schemeCost } from '../../../sim/costs/calibrate-schemes.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';
import { chooseFanout } from '../testnet/choices.ts';

const row = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 1 ? cell.padEnd(14) : cell.padStart(8))).join(' ');

const cellsOf = ({ scheme, signers, fanout, cpuMs, meanMs, certificateBytes }: SchemeCost): string[] => [
  String(signers),
  scheme,
  String(fanout),
  ...places.map((place) => (cpuMs[place] === 0 ? '-' : cpuMs[place].toFixed(2))),
  meanMs.toFixed(2),
  String(certificateBytes),
];

/** @param signers sizes of federations. @param fanout what `testnet` would choose when absent. */
export function schemesCommand(
  signers: readonly number[],
  fanout: number | undefined,
): { text: string; json: unknown } {
  for (const { name } of nodeSchemes) schemeCost(name, 4, 2); // compiles everything
  const costs = signers.flatMap((n) =>
    nodeSchemes.map(({ name }) => schemeCost(name, n, chooseFanout(n, fanout).value)),
  );
  const head = row(['signers', 'scheme', 'fanout', ...places, 'mean', 'bytes']);
  const lines = [head, ...costs.map((cost) => row(cellsOf(cost)))];
  return {
    text: `${lines.join('\n')}\nms of CPU for one batch at one signer, and bytes of its certificate\n`,
    json: costs,
  };
}
