/** Torn writes: a record that did not reach the disk whole is dropped whole. */

import { describe, expect, it } from 'vitest';
import { readRecord, tear, writeRecord } from '../../sim/disk.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { upTo } from './support.ts';

describe('a record', () => {
  const content = utf8('what a step wrote');
  const record = writeRecord(content);

  it('is read as it was written, also with something after it and inside a bigger buffer', () => {
    expect(readRecord(record)).toEqual(content);
    const padded = new Uint8Array(record.length + 20).fill(7);
    padded.set(record, 10);
    expect(readRecord(padded.subarray(10))).toEqual(content);
    expect(readRecord(writeRecord(new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });

  it('is nothing when it is cut anywhere, or any bit of it flipped', () => {
    for (const length of upTo(record.length)) expect(readRecord(record.subarray(0, length))).toBeUndefined();
    for (const at of upTo(record.length)) {
      const flipped = Uint8Array.from(record);
      flipped[at]! ^= 1;
      expect(readRecord(flipped)).toBeUndefined();
    }
  });
});

describe('a torn group', () => {
  const store = (): MemoryStore => {
    const made = new MemoryStore();
    for (const i of upTo(4)) made.apply([{ table: 'meta', key: utf8(`${i}`), value: utf8('value') }]);
    return made;
  };

  it('is dropped whole unless all of its bytes are there', () => {
    expect(tear(store(), 2, 0)).toBe(2);
    expect(tear(store(), 2, 0.999)).toBe(2);
    expect(tear(store(), 2, 1)).toBe(3);
    expect(tear(store(), 'none', 0.5)).toBe(0);
  });

  it('is none when everything was synced', () => {
    expect(tear(store(), 'all', 0.5)).toBe(4);
    expect(tear(store(), 4, 1)).toBe(4);
    expect(tear(new MemoryStore(), 'none', 1)).toBe(0);
  });
});
