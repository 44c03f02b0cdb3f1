/** What the group commit runs when, with a disk that answers when the test says. */

import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../src/signer/commit.ts';
import { Disk, turns, write } from './stage.ts';

describe('group commit', () => {
  function open() {
    const disk = new Disk();
    const ran: unknown[] = [];
    const hooks = {
      synced: () => ran.push('synced'),
      flushed: () => ran.push('flushed'),
      failed: (error: unknown) => ran.push(error),
    };
    const commit = new GroupCommit(disk, hooks, () => 0);
    const run = (name: string) => commit.whenDurable(() => ran.push(name));
    return { disk, ran, commit, run };
  }
  const gone = new Error('gone');

  it('runs nothing after a failure, whoever asks', async () => {
    const { disk, ran, commit, run } = open();
    commit.apply([write]);
    run('one');
    commit.settle();
    disk.flushes[0]!.reject(gone);
    await turns();
    run('two');
    commit.settle();
    await commit.finish();
    expect(ran).toEqual([gone]);
    expect(disk.flushes).toHaveLength(1);
  });

  it('runs what waits in order, after a write on the spot, without a flush', () => {
    const { disk, ran, commit, run } = open();
    disk.now.push(true);
    run('free');
    commit.apply([write]);
    run('one');
    commit.apply([write]);
    commit.applyLazily([write]);
    run('two');
    expect(ran).toEqual([]);
    commit.settle();
    expect(ran).toEqual(['free', 'synced', 'one', 'two']);
    expect([disk.synced, disk.flushes]).toEqual([[3], []]);
    commit.settle();
    expect(ran).toHaveLength(4);
  });

  it('asks the disk for nothing when nothing waits', () => {
    const { disk, commit, run, ran } = open();
    disk.now.push(true, true);
    commit.apply([write]);
    commit.settle();
    commit.applyLazily([write]);
    commit.settle();
    expect(disk.now).toHaveLength(2);
    run('one');
    commit.settle();
    run('two');
    commit.settle();
    expect(ran).toEqual(['synced', 'one', 'two']);
    expect(disk.now).toHaveLength(1);
  });

  it('leaves to a flush what is not written on the spot, and never does both at once', async () => {
    const { disk, ran, commit, run } = open();
    disk.now.push(false, true);
    commit.apply([write]);
    run('one');
    commit.settle();
    expect([ran, disk.flushes.length]).toEqual([[], 1]);
    commit.apply([write]);
    run('two');
    commit.settle();
    expect([ran, disk.now, disk.flushes.length]).toEqual([[], [true], 1]);
    disk.flushes[0]!.resolve();
    await turns();
    expect(ran).toEqual(['synced', 'flushed']);
    commit.settle();
    expect(ran).toEqual(['synced', 'flushed', 'one', 'synced', 'two']);
    expect([disk.synced, disk.flushes.length]).toEqual([[2], 1]);
  });

  it('writes on the spot once more for what an action makes wait', () => {
    const { disk, ran, commit, run } = open();
    disk.now.push(true, true);
    commit.apply([write]);
    commit.whenDurable(() => {
      ran.push('one');
      commit.apply([write]);
      run('two');
    });
    commit.settle();
    expect(ran).toEqual(['synced', 'one', 'synced', 'two']);
  });

  it('runs nothing that waits, now or later, when the disk refuses on the spot', async () => {
    const { disk, ran, commit, run } = open();
    disk.now.push(gone, true);
    run('free');
    commit.apply([write]);
    run('one');
    commit.settle();
    expect(ran).toEqual(['free', gone]);
    run('two');
    commit.apply([write]);
    commit.settle();
    await commit.finish();
    expect(ran).toEqual(['free', gone]);
    expect([disk.now, disk.flushes]).toEqual([[true], []]);
  });

  it('needs no disk at the end when all was written on the spot', async () => {
    const { disk, commit, run } = open();
    disk.now.push(true);
    commit.applyLazily([write]);
    commit.apply([write]);
    run('one');
    commit.settle();
    await commit.finish();
    expect(disk.flushes).toEqual([]);
  });
});
