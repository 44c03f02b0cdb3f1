/**
 * What the source's rule makes of reported arrivals when every signer's votes stand in every certificate: the
 * same question that the yardsticks answer (sim/rules/fcfs.ts, median.ts).
 */

import { compareText } from '../../../src/base/bytes.ts';
import type { BatchId } from '../../../src/base/ids.ts';
import type { Arrivals } from '../arrivals.ts';
import {
  type Comparison,
  countBelow,
  type SourceCertificate,
  type SourcePlace,
  sourceOrder,
} from './order.ts';

export interface ReportedInput {
  readonly arrivals: Arrivals;
  /** Votes of a certificate; what has fewer is not ordered. */
  readonly quorum: number;
  readonly comparison: Comparison;
  conflict(a: BatchId, b: BatchId): boolean;
}

/** The order, with the score of each against the next one that conflicts. */
export function reportedOrder({
  arrivals,
  quorum,
  comparison,
  conflict,
}: ReportedInput): readonly SourcePlace[] {
  const certificates = new Map<
    BatchId,
    SourceCertificate & { votes: SourceCertificate['votes'][number][] }
  >();
  for (const { signer, order } of arrivals)
    for (const [i, { id }] of order.entries()) {
      const certificate = certificates.get(id) ?? { id, votes: [] };
      const before = order.slice(0, i).flatMap((other) => (conflict(other.id, id) ? [other.id] : []));
      certificate.votes.push({ signer, position: i + 1, before });
      certificates.set(id, certificate);
    }
  return sourceOrder({
    ids: [...certificates.keys()]
      .filter((id) => certificates.get(id)!.votes.length >= quorum)
      .sort(compareText),
    conflict,
    below: (a, b) => countBelow(certificates.get(a)!, certificates.get(b)!, comparison),
    votes: (id) => certificates.get(id)!.votes.length,
  }).places;
}
