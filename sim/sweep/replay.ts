/** The command that repeats one trial of an attack. */

import type { AttackOptions } from '../attacks/attack.ts';
import { shellWord as word } from '../report/shell.ts';

export function attackReplay(name: string, options: AttackOptions): string {
  const { rule, threshold, extraSlack, signers, byzantine, faulty, liars, network, seed } = options;
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['rule', rule],
    ['threshold', threshold],
    ['extra-slack', extraSlack],
    ['signers', signers],
    ['byzantine', byzantine],
    ['faulty', faulty],
    ['liars', liars],
    ['network', network],
    ...Object.entries(options.parameters).map(([key, value]) => ['set', `${key}=${value}`] as const),
    ['seed', seed],
    ['trials', 1],
  ];
  const set = flags.flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag} ${word(String(value))}`],
  );
  return `npx musig-paxos sim attack ${word(name)} ${set.join(' ')}`;
}
