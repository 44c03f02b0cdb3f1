/** Every attack by its name: what `sim attack`, sweeps and the page offer. */

import type { Attack } from './attack.ts';

export const attacks: readonly Attack[] = [];

export const findAttack = (name: string): Attack | undefined => attacks.find((one) => one.name === name);
