import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toHex } from '../../src/base/bytes.ts';
import {
  address,
  baseUrl,
  configCharactersMax,
  fieldName,
  hexBytes,
  line,
  oneOf,
  parseConfig,
  wholeNumber,
} from '../../src/messages/config-file.ts';

const schema = z.strictObject({
  name: line(1, 8),
  level: oneOf('debug', 'info'),
  count: wholeNumber(1, 9),
  secret: hexBytes(4, 4),
  list: z.array(z.strictObject({ at: address, url: baseUrl })).optional(),
});
const good = 'name = "a"\nlevel = "info"\ncount = 3\nsecret = "0a0b0c0D"\n';

/** The error line for a text, or `ok`. */
function answer(text: string, json = false): string {
  const result = parseConfig(text, 'x.toml', schema, json);
  return result.ok ? 'ok' : result.error.message;
}

describe('parseConfig', () => {
  it('gives the values', () => {
    const result = parseConfig(good, 'x.toml', schema);
    if (!result.ok) throw new Error(result.error.message);
    expect({ ...result.value, secret: toHex(result.value.secret) }).toEqual({
      name: 'a',
      level: 'info',
      count: 3,
      secret: '0a0b0c0d',
    });
  });

  it.each([
    ['', 'x.toml: name: missing, expected text of 1 to 8 characters on one line'],
    [good.replace('"a"', '7'), 'x.toml: name: expected text of 1 to 8 characters on one line, found 7'],
    [
      good.replace('"a"', '"123456789"'),
      'x.toml: name: expected text of 1 to 8 characters on one line, found "123456789"',
    ],
    [
      good.replace('"a"', '"a\\nb"'),
      'x.toml: name: expected text of 1 to 8 characters on one line, found "a\\nb"',
    ],
    [good.replace('"info"', '"loud"'), 'x.toml: level: expected "debug" or "info", found "loud"'],
    [good.replace('3', '0'), 'x.toml: count: expected a whole number from 1 to 9, found 0'],
    [good.replace('3', '10'), 'x.toml: count: expected a whole number from 1 to 9, found 10'],
    [good.replace('3', '1.5'), 'x.toml: count: expected a whole number from 1 to 9, found 1.5'],
    [good.replace('3', 'nan'), 'x.toml: count: expected a whole number from 1 to 9, found null'],
    [good.replace('3', '[3]'), 'x.toml: count: expected a whole number from 1 to 9, found a list'],
    [good.replace('3', '2020-01-01'), 'x.toml: count: expected a whole number from 1 to 9, found a table'],
    [good.replace('count', 'cuont'), 'x.toml: cuont: unknown field'],
    [`${good}list = 3`, 'x.toml: list: expected a list'],
    [`${good}list = [3]`, 'x.toml: list[0]: expected a table'],
    [
      `${good}[[list]]\nat = "h:1"\nurl = "http://h"\n[[list]]\nat = "h"`,
      'x.toml: list[1].at: expected host:port, as in signer.example:7100, found "h"',
    ],
    [`${good}=`, 'x.toml: line 5, column 1: '],
  ])('answers %j with one line', (text, expected) => {
    const message = answer(text);
    expect(message.startsWith(expected)).toBe(true);
    expect(message).not.toContain('\n');
  });

  it('never shows what stands in a field of bytes', () => {
    for (const bad of ['"0a0b0c0"', '"0a0b0c0d0e"', '"zz0b0c0d"', '12345678'])
      expect(answer(good.replace('"0a0b0c0D"', bad))).toBe('x.toml: secret: expected 8 hex digits');
    expect(answer(good.replace(/secret.*/, ''))).toBe('x.toml: secret: missing, expected 8 hex digits');
  });

  it('takes JSON only where it is asked to', () => {
    const json = ' {"name": "a", "level": "info", "count": 3, "secret": "0a0b0c0d"}';
    expect(answer(json, true)).toBe('ok');
    expect(answer(json, false)).not.toBe('ok');
    expect(answer('{"name":\n', true)).toMatch(/^x\.toml: [^\n]+$/);
    expect(answer('{"__proto__": {"name": "a"}}', true)).toBe('x.toml: __proto__: unknown field');
    // Half a character would become another one in the canonical form.
    expect(answer(json.replace('"a"', '"\\ud800"'), true)).toMatch(/^x\.toml: name: expected text/);
  });

  it('refuses a text that is too long before it parses', () => {
    expect(answer('#'.repeat(configCharactersMax + 1))).toBe(
      `x.toml: expected at most ${configCharactersMax} characters`,
    );
  });
});

describe('addresses', () => {
  it.each(['localhost:1', '127.0.0.1:7100', 'a-b.example.org:65535', '[::1]:80', 'signer_1:7100'])(
    'accepts %s',
    (text) => {
      expect(address.safeParse(text).success).toBe(true);
      expect(baseUrl.safeParse(`http://${text}`).success).toBe(true);
      expect(baseUrl.safeParse(`https://${text}`).success).toBe(true);
    },
  );

  it.each([
    '',
    'h',
    'h:',
    ':1',
    'h:0',
    'h:65536',
    'h:1 ',
    'h h:1',
    '::1:80',
    '[:::]:1',
    'u@h:1',
    'h:1/x',
    '999.1.1.1:1',
  ])('refuses %j', (text) => {
    expect(address.safeParse(text).success).toBe(false);
    if (text !== 'h') expect(baseUrl.safeParse(`http://${text}`).success).toBe(false);
  });

  it('refuses what is no base URL', () => {
    for (const text of ['h:1', 'ftp://h:1', 'http://h:1/', 'http://h:1?x', 'ws://h:1', 7])
      expect(baseUrl.safeParse(text).success).toBe(false);
  });
});

it('names fields as a person writes them', () => {
  expect(fieldName(['signers', 2, 'signing_key'])).toBe('signers[2].signing_key');
  expect(fieldName(['a', 0, 1])).toBe('a[0][1]');
});
