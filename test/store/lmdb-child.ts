/**
 * The process that the tests of the LMDB store start, and kill. Usage: `lmdb-child.ts MODE DIRECTORY`.
 * - `write`: applies numbered groups of three records, flushes now and then, prints each number once its
 *   flush has resolved, for ever. Several flushes overlap.
 * - `churn`: the same, with a checkpoint at nearly every flush, and short files of the log.
 * - `now`, `churn-now`: the same with `flushNow`, and one line for each that wrote.
 * - `fill`: applies and flushes groups until the disk refuses, then prints what each flush says. `flood`: the same, with
 *   a group now that is larger than a file may be.
 * - `read`: opens the store to read only and prints the record `a` of the table `meta`.
 * - `hold`: opens the store, prints `open`, and waits.
 */

import { textOf, utf8 } from '../../src/base/bytes.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/port.ts';
import { groupWrites } from './lmdb-groups.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function write(store: Store, from: number): Promise<void> {
  for (let i = from; ; i++) {
    store.apply(groupWrites(i));
    const flushed = store.flush().then(() => say(`${i}`));
    if (i % 3 === 0) await flushed;
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function writeNow(store: Store, from: number): Promise<void> {
  performance.now = () => 0; // a busy machine must not make the disk look slow
  for (let i = from; ; i++) {
    store.apply(groupWrites(i));
    if (i % 5 === 0 || !store.flushNow?.()) await store.flush();
    else say('now');
    say(`${i}`);
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function fill(store: Store, largeAt: number): Promise<void> {
  process.on('unhandledRejection', (reason) => say(`unhandled ${String(reason)}`));
  let failed = 0;
  // A small record: the disk is known to be quick from now on, if it is.
  store.apply([{ table: 'meta', key: utf8('first'), value: utf8('1') }]);
  await store.flush();
  for (let i = 0; failed < 3; i++) {
    if (failed > 0) {
      store.apply([{ table: 'meta', key: utf8('small'), value: utf8('1') }]);
      if (store.flushNow?.()) say('recovered');
    }
    store.apply([
      { table: 'batch', key: utf8(`${i}`), value: new Uint8Array(i === largeAt ? 5e6 : 100_000) },
    ]);
    void store.flush(); // nobody looks at this one
    try {
      await store.flush();
      if (failed > 0) say('recovered');
      say(`durable ${i}`);
    } catch (error) {
      failed += 1;
      say(`failed ${i} ${(error as { code: string }).code} ${(error as Error).message}`);
    }
  }
  say(`reads ${store.get('batch', utf8('0'))?.length}`);
  await store.close();
  say('closed');
}

const [mode, path] = process.argv.slice(2);
try {
  const sizes = {
    churn: { layerBytes: 1, segmentBytes: 5000 },
    'churn-now': { layerBytes: 10_000, segmentBytes: 20_000 },
    fill: { layerBytes: 2_000_000, segmentBytes: 100_000 }, // a checkpoint gives up 20 files of the log
  }[mode!];
  const store = await openLmdbStore({
    path: path!,
    ...sizes,
    readOnly: mode === 'read',
    log: (line) => say(`log ${line}`),
  });
  if (mode === 'hold') {
    say('open');
    setInterval(() => {}, 1000);
  } else if (mode === 'read') {
    const value = store.get('meta', utf8('a'));
    say(value ? textOf(value) : 'nothing');
    await store.close();
  } else if (mode === 'fill' || mode === 'flood') await fill(store, mode === 'flood' ? 5 : -1);
  else {
    let count = 0;
    for (const _ of store.range('order', new Uint8Array(0), Number.POSITIVE_INFINITY)) count += 1;
    await (mode === 'now' || mode === 'churn-now' ? writeNow : write)(store, count);
  }
} catch (error) {
  say(`error ${(error as { code: string }).code} ${(error as Error).message}`);
  process.exitCode = 1;
}
