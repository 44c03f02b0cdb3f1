/**
 * What `testnet` chooses by the number of signers, each choice with its reason. Everything here was measured;
 * docs/protocol.md, section 16, has the figures.
 */

import { accept, type Result } from '../../base/result.ts';
import type { SchemeProvider } from '../../crypto/scheme.ts';
import { aggregateFrom, cheaperScheme, providerOf } from '../../crypto/schemes.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';

export interface Choice<T> {
  readonly value: T;
  /** Half a line, for people. */
  readonly reason: string;
}

/** The multi-signature scheme. @param name the one asked for. */
export function chooseScheme(signers: number, name: string | undefined): Result<Choice<SchemeProvider>> {
  const provider = providerOf(name ?? cheaperScheme(signers), nodeSchemes);
  if (!provider.ok) return provider;
  const below = `below ${aggregateFrom} signers`;
  const chosen =
    signers < aggregateFrom
      ? `${below} a list of single signatures costs less CPU than an aggregate at every place in the tree`
      : `only ${below} a list of single signatures would cost less CPU than an aggregate`;
  return accept({ value: provider.value, reason: name === undefined ? chosen : 'as asked for' });
}

/** Children of a tree node. @param fanout the number asked for. */
export function chooseFanout(signers: number, fanout: number | undefined): Choice<number> {
  if (fanout !== undefined) return { value: fanout, reason: 'as asked for' };
  return signers <= 4
    ? {
        value: Math.max(2, signers - 1),
        reason: 'up to 4 signers one level saves a hop and a check',
      }
    : { value: 2, reason: 'from 5 signers on a binary tree spreads the work' };
}
