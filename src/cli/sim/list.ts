/** `sim list`: what there is to choose from. */

import { aboutAdversary } from '../../../sim/adversaries/about.ts';
import { adversaryNames } from '../../../sim/adversaries/catalog.ts';
import { networkNames } from '../../../sim/network/names.ts';
import { attackList } from './attack.ts';
import { shippedSweeps } from './shipped.ts';

export function listCommand(): { text: string; json: unknown } {
  const attacks = attackList();
  const sweeps = shippedSweeps();
  const text = [
    'attacks (sim attack NAME)',
    attacks.text,
    '',
    'adversaries (sim run --adversaries A,B)',
    ...adversaryNames.map((name) => `    ${name}: ${aboutAdversary[name]}`),
    '',
    `networks (--network): ${networkNames.join(', ')}`,
    `sweeps (sim sweep NAME): ${sweeps.map(({ name }) => name).join(', ')}`,
  ].join('\n');
  return {
    text,
    json: {
      attacks: attacks.json,
      adversaries: adversaryNames.map((name) => ({ name, about: aboutAdversary[name] })),
      networks: networkNames,
      sweeps: sweeps.map(({ name }) => name),
    },
  };
}
