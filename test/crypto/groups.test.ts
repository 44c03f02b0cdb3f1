import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { mergeGroups } from '../../src/crypto/groups.ts';

/** Every (signer, message) statement as a text, sorted: what a claim means. */
const statements = (groups: readonly { signers: readonly number[]; message: Uint8Array }[]): string[] =>
  groups.flatMap(({ signers, message }) => signers.map((signer) => `${signer}:${message.join()}`)).sort();

const groups = fc.array(
  fc.record({
    signers: fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 4 }),
    message: fc.constantFrom('a', 'b', 'c').map(utf8),
  }),
  { maxLength: 4 },
);

describe('mergeGroups', () => {
  it('keeps the statements and merges equal messages, or refuses (against a plain oracle)', () => {
    fc.assert(
      fc.property(groups, (claim) => {
        const said = statements(claim);
        const sound =
          claim.length > 0 &&
          claim.every(({ signers }) => signers.length > 0 && signers.every((i) => i >= 0 && i < 4)) &&
          new Set(said).size === said.length;
        const merged = mergeGroups(claim, 4);
        expect(merged !== undefined).toBe(sound);
        if (!merged) return;
        expect(statements(merged)).toEqual(said);
        expect(new Set(merged.map(({ message }) => message.join())).size).toBe(merged.length);
      }),
      { numRuns: 1000 },
    );
  });
});
