/**
 * Writes a counter-example as an arrival file (the format of `musig-paxos order`), so that a person can
 * read it and try it. What the format cannot say (commits, who stands in which certificate) is comments.
 */

import { type Certificate, has, members, quorumSize } from './oracle.ts';
import { liarsOf, type Setting, thresholdOf, type Violation } from './search.ts';
import type { Profile } from './worlds.ts';

export const batchNames = ['T', 'U', 'W', 'X'];

const setOf = (set: number): string =>
  `{${members(set)
    .map((x) => batchNames[x])
    .join(' ')}}`;
const sequence = (events: readonly number[]): string => events.map((x) => batchNames[x]).join(' ');

function certificateLine(certificate: Certificate): string {
  const votes = certificate.votes.flatMap((vote, i) => (vote ? [`s${i + 1}${setOf(vote.before)}`] : []));
  return `# C_${batchNames[certificate.batch]} in the block: ${votes.join(' ')}`;
}

/** Batches that conflict share a key; one with no conflict has a key of its own. */
function keysOf(setting: Setting, x: number): string {
  const keys = members(setting.shape.conflicts[x]!).map((y) => `k${Math.min(x, y)}${Math.max(x, y)}`);
  return keys.length > 0 ? keys.join(' ') : `k${x}`;
}

function signerLine(profile: Profile, i: number): string {
  const arrivals = sequence(profile.events.filter((event) => event >= 0));
  const history = profile.events.map((event) =>
    event < 0 ? `[commits block ${-event}]` : batchNames[event],
  );
  const line = `s${i + 1}: ${arrivals}`;
  return history.some((event) => event?.startsWith('[')) ? `${line}  # ${history.join(' ')}` : line;
}

/** The arrival file of a violation. `title` says which rule was changed. */
export function render(
  title: string,
  setting: Setting,
  world: readonly Profile[],
  violation: Violation,
): string {
  const { federation, shape } = setting;
  const { n, f, t } = federation;
  const { first, second, state, certificates, order } = violation;
  const [early, late] = [batchNames[first]!, batchNames[second]!];
  const lines = [
    `# ${title}`,
    `signers ${n} byzantine ${f} faulty ${t}  # quorum ${quorumSize(federation)}, final at ${thresholdOf(setting)}`,
    ...shape.conflicts.map((_, x) => `keys ${batchNames[x]} ${keysOf(setting, x)}`),
    ...world.map(signerLine),
  ];
  for (let liar = world.length; liar < world.length + liarsOf(setting); liar++) {
    lines.push(`s${liar + 1}:  # liar`);
    for (const certificate of certificates) {
      const vote = certificate.votes[liar];
      if (vote)
        lines.push(
          `s${liar + 1} to ${batchNames[certificate.batch]}: ${sequence(members(vote.before))}`.trimEnd(),
        );
    }
  }
  lines.push(
    `# chain: ${shape.chain.map(setOf).join(' ')}`,
    `# a node that delivered ${setOf(state.delivered)}, at height ${state.height}, delivers ${early} by score, before ${late}`,
  );
  if (certificates.length > 0)
    lines.push(...certificates.map(certificateLine), `# the block's order: ${sequence(order)}`);
  else
    lines.push(
      has(
        shape.chain.reduce((a, b) => a | b, 0),
        first,
      )
        ? `# the chain orders ${late} in an earlier block`
        : `# the chain uses the number of ${early} for another batch`,
    );
  return `${lines.join('\n')}\n`;
}
