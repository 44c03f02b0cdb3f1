import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { must } from '../../../src/base/result.ts';
import {
  boundedReason,
  canonicalJson,
  documentBytesMax,
  documentDepthMax,
  idBytes,
  idFault,
  idOfBytes,
  parseCanonical,
  parseJson,
} from '../../../src/peer/machine/json.ts';

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const faultOf = (value: unknown): string | undefined => {
  const result = canonicalJson(value);
  return result.ok ? undefined : result.error.message;
};

describe('canonical JSON', () => {
  it('is what RFC 8785 says', () => {
    // Section 3.2.2 and 3.2.3 of the RFC.
    const value = {
      numbers: [JSON.parse('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(must(canonicalJson(value))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],' +
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const keys = { '\u20ac': 5, '\r': 1, '\ufb33': 7, '1': 2, '\u{1f600}': 6, '\u0080': 3, '\u00f6': 4 };
    const sorted = [...must(canonicalJson(keys)).matchAll(/:(\d)/g)].map((match) => match[1]);
    expect(sorted.join('')).toBe('1234567');
  });

  it('does not depend on the order of keys, and reads back to itself', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }), (value) => {
        const result = canonicalJson(value);
        if (!result.ok) return result.error.message === 'holds a lone surrogate';
        const reversed = JSON.parse(JSON.stringify(value), (_, inner) =>
          typeof inner === 'object' && inner !== null && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).reverse())
            : inner,
        );
        expect(must(canonicalJson(reversed))).toBe(result.value);
        expect(must(canonicalJson(parseCanonical(result.value)))).toBe(result.value);
        expect(parseCanonical(result.value)).toEqual(JSON.parse(JSON.stringify(value)));
        return true;
      }),
    );
  });

  it('keeps __proto__ as a member', () => {
    const text = '{"__proto__":{"a":1},"constructor":2}';
    expect(must(canonicalJson(JSON.parse(text)))).toBe(text);
    expect(must(canonicalJson(parseCanonical(text)))).toBe(text);
  });

  it('names what cannot be stored', () => {
    expect(faultOf(JSON.parse('[1e400]'))).toBe('holds a number that is not finite');
    expect(faultOf(Number.NaN)).toBe('holds a number that is not finite');
    expect(faultOf({ a: '\ud800' })).toBe('holds a lone surrogate');
    expect(faultOf({ '\udc00': 1 })).toBe('holds a lone surrogate');
    expect(faultOf([undefined])).toBe('holds a undefined, which is not JSON');
    expect(faultOf(() => 1)).toBe('holds a function, which is not JSON');
    expect(faultOf({ a: 1n })).toBe('holds a bigint, which is not JSON');
    expect(faultOf(new Date(0))).toBe('holds an object that is not a plain one');
    expect(faultOf(new Map())).toBe('holds an object that is not a plain one');
  });

  it('bounds depth and size', () => {
    expect(faultOf(nested(documentDepthMax))).toBeUndefined();
    expect(faultOf(nested(documentDepthMax + 1))).toBe('is nested deeper than 64');
    expect(faultOf(nested(200_000))).toBe('is nested deeper than 64');
    const circular: unknown[] = [];
    circular.push(circular);
    expect(faultOf(circular)).toBe('is nested deeper than 64');
    expect(faultOf('x'.repeat(documentBytesMax - 2))).toBeUndefined();
    expect(faultOf('x'.repeat(documentBytesMax - 1))).toBe(`has more than ${documentBytesMax} bytes`);
    expect(faultOf('\u20ac'.repeat(documentBytesMax / 3))).toBe(`has more than ${documentBytesMax} bytes`);
  });
});

describe('ids, bodies and reasons', () => {
  it('refuses ids that are not 1 to 512 bytes of Unicode', () => {
    expect(idFault('a')).toBeUndefined();
    expect(idFault('__proto__')).toBeUndefined();
    expect(idFault('x'.repeat(512))).toBeUndefined();
    expect(idFault('')).toBe('document id is empty');
    expect(idFault(7)).toBe('document id is not a string');
    expect(idFault('x'.repeat(513))).toBe('document id has more than 512 bytes');
    expect(idFault('\u20ac'.repeat(171))).toBe('document id has more than 512 bytes');
    expect(idFault('a\ud800')).toBe('document id holds a lone surrogate');
  });

  it('keeps a byte order mark in an id, so that two ids stay two', () => {
    expect(idOfBytes(idBytes('\ufeffa'))).toBe('\ufeffa');
    expect(idBytes('\ufeffa')).not.toEqual(idBytes('a'));
  });

  it('refuses bodies that are not UTF-8 or not JSON, in words of its own', () => {
    const refusal = (bytes: Uint8Array) => {
      const parsed = parseJson(bytes);
      return parsed.ok ? undefined : parsed.error.message;
    };
    expect(refusal(Uint8Array.of(0x22, 0xff, 0x22))).toBe('body is not UTF-8');
    expect(refusal(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toBe('body is not JSON');
    expect(refusal(new Uint8Array(0))).toBe('body is not JSON');
    expect(parseJson(Uint8Array.of(0x31))).toEqual({ ok: true, value: 1 });
  });

  it('cuts reasons to a form that survives storage', () => {
    const cut = boundedReason(`\ud800${'x'.repeat(600)}`);
    expect(cut).toBe(`\ufffd${'x'.repeat(511)}`);
    expect(boundedReason(cut)).toBe(cut);
  });
});
