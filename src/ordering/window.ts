/**
 * Used numbers of one ingress in the committed order: a watermark up to which every number is used, and
 * the used numbers above it (protocol section 2, "Window"). Kept for ever, hence small: a well-behaved
 * ingress uses numbers nearly in sequence.
 */

import { type Codec, P, sortedList, u53 } from '../base/codec.ts';
import { type BatchNumber, batchNumber } from '../base/ids.ts';

export interface Window {
  /** Every number from 1 to here is used. */
  readonly watermark: number;
  /** Used numbers above the watermark. */
  readonly above: ReadonlySet<number>;
}

export const emptyWindow: Window = { watermark: 0, above: new Set() };

export const isUsed = (window: Window, number: BatchNumber): boolean =>
  number <= window.watermark || window.above.has(number);

/** The window with more numbers used. */
export function useNumbers(window: Window, numbers: Iterable<BatchNumber>): Window {
  const above = new Set<number>(window.above);
  for (const number of numbers) if (number > window.watermark) above.add(number);
  let watermark = window.watermark;
  while (above.delete(watermark + 1)) watermark += 1;
  return { watermark, above };
}

/** The highest number used, 0 for none. */
export const highestUsed = (window: Window): BatchNumber =>
  batchNumber([...window.above].reduce((highest, number) => Math.max(highest, number), window.watermark));

const wire = P.struct({
  watermark: u53(),
  above: sortedList(u53(), 0xffffffff, 'used numbers', (a, b) => a - b),
}) as unknown as Codec<{ watermark: number; above: number[] }>;

export const windowCodec: Codec<Window> = P.apply(wire, {
  encode: (value): Window => ({ watermark: value.watermark, above: new Set(value.above) }),
  decode: (value: Window) => ({
    watermark: value.watermark,
    above: [...value.above].sort((a, b) => a - b),
  }),
}) as unknown as Codec<Window>;
