/** Runs the search over every shape and world of one setting and counts what it saw. */

import type { Federation } from './oracle.ts';
import { judge, type Setting, type Violation } from './search.ts';
import { forEachWorld, type Profile, profilesOf, type Rules, type Shape } from './worlds.ts';

export interface Survey {
  /** Conflict graphs with a chain, one for each class under renaming. */
  readonly shapes: number;
  /** Worlds visited: multisets of profiles. */
  readonly visited: number;
  /** Worlds with named signers and named batches that these stand for. */
  readonly labelled: number;
  /** Visited worlds in which every block of the chain can be certified and closed. */
  readonly possible: number;
  /** Pairs that some delivery by score decides, over all worlds. */
  readonly promises: number;
  /** Blocks derived in full because counting alone could not rule a violation out. */
  readonly derivations: number;
}

export interface Found {
  readonly setting: Setting;
  readonly world: readonly Profile[];
  readonly violation: Violation;
}

/** Stops at the first violation. */
export function survey(
  federation: Federation,
  rules: Rules,
  shapes: readonly Shape[],
): { readonly counts: Survey; readonly found: Found | undefined } {
  let visited = 0;
  let labelled = 0;
  let possible = 0;
  let promises = 0;
  let derivations = 0;
  let seen = 0;
  let found: Found | undefined;
  for (const shape of shapes) {
    if (found) break;
    seen++;
    const setting: Setting = { federation, shape, rules };
    const honest = federation.n - federation.f - rules.liarsExtra;
    forEachWorld(profilesOf(shape, rules), honest, (world, assignments) => {
      const verdict = judge(setting, world);
      visited++;
      labelled += assignments * shape.orbit;
      if (verdict.possible) possible++;
      promises += verdict.promises.length;
      derivations += verdict.derivations;
      if (verdict.violation) found = { setting, world: [...world], violation: verdict.violation };
      return found === undefined;
    });
  }
  return { counts: { shapes: seen, visited, labelled, possible, promises, derivations }, found };
}
