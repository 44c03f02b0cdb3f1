import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstRegions, parseLatencyMatrix } from '../../../src/cli/testnet/regions.ts';

const good = ',a,"b, ""c"""\na,1.4,20.5\n"b, ""c""",30,0\n';
const read = (text: string) => parseLatencyMatrix(text, 'm.csv');
const message = (text: string): string => {
  const result = read(text);
  return result.ok ? 'ok' : result.error.message;
};

describe('latency matrix', () => {
  it('gives names and whole milliseconds, row to column', () => {
    const expected = {
      regions: ['a', 'b, "c"'],
      latencyMs: [
        [1, 21],
        [30, 0],
      ],
    };
    expect(read(good)).toEqual({ ok: true, value: expected });
    expect(read(`\uFEFF${good.replaceAll('\n', ',\r\n')}\r\n`)).toEqual({ ok: true, value: expected });
  });

  it.each([
    ['', 'm.csv: line 1: expected a header row with the names of regions'],
    [',a,a\na,1,1\na,1,1', 'm.csv: line 1: expected distinct names'],
    [',a,b\na,1,1', 'm.csv: line 2: expected 2 rows, one for each name, found 1'],
    [',a,b\na,1,1\nc,1,1', 'm.csv: line 3: expected the row of "b", found "c"'],
    [',a,b\na,1,1\n\nb,1', 'm.csv: line 4: expected 2 values, found 1'],
    [',a,b\na,1,1\nb,1,-1', 'm.csv: line 3: expected milliseconds, found "-1"'],
    [',a,b\na,1,1\nb,,1', 'm.csv: line 3: expected milliseconds, found ""'],
    [',a,b\na,1,x\nb,1,1', 'm.csv: line 2: expected milliseconds, found "x"'],
    [',a\na,1e3', 'm.csv: line 2: expected milliseconds, found "1e3"'],
  ])('refuses %j', (text, expected) => {
    expect(message(text)).toBe(expected);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void message(text)));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(',', '\n', '"', 'a', '1', '.')),
        (parts) => void message(parts.join('')),
      ),
    );
  });

  it('can be cut to the regions that are used', () => {
    const result = read(good);
    if (!result.ok) throw new Error(result.error.message);
    expect(firstRegions(result.value, 1)).toEqual({ regions: ['a'], latencyMs: [[1]] });
    expect(firstRegions(result.value, 9)).toEqual(result.value);
  });
});
