/**
 * A small world for looking at geographic trees without a federation file: round-trip times between
 * eight cloud regions in whole milliseconds, row to column, rounded from relab/hotstuff's measurements
 * (MIT). Signers are dealt over the regions in turn.
 */

import { must } from '../base/result.ts';
import { type Geography, geographyOf } from '../tree/geographic.ts';

const regions = [
  'eu-central-1',
  'us-east-1',
  'ap-northeast-1',
  'sa-east-1',
  'eu-west-2',
  'us-west-2',
  'ap-southeast-1',
  'ca-central-1',
] as const;

const latencyMs = [
  [3, 91, 232, 206, 16, 143, 164, 94],
  [93, 5, 157, 119, 79, 73, 228, 20],
  [233, 155, 4, 259, 212, 101, 79, 146],
  [205, 117, 259, 4, 190, 178, 334, 130],
  [16, 78, 211, 189, 3, 130, 171, 81],
  [144, 72, 101, 179, 131, 3, 177, 64],
  [164, 226, 78, 334, 171, 176, 2, 225],
  [95, 18, 145, 130, 81, 63, 224, 4],
];

/** Name of the region that a signer is dealt to. */
export const sampleRegion = (index: number): string => regions[index % regions.length]!;

/** The first `n` signers, dealt over the regions. */
export const sampleGeography = (n: number): Geography =>
  must(
    geographyOf(
      Array.from({ length: n }, (_, i) => sampleRegion(i)),
      regions,
      latencyMs,
    ),
  );
