/**
 * Three etcd servers on loopback with fresh data directories, as the distribution ships them: syncs on, no
 * encryption, no signatures. The load goes to the leader, which is the best case: no server passes it on.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../processes/child.ts';
import { freePorts } from '../processes/ports.ts';
import { answers } from '../processes/ready.ts';
import { metricSum } from './metrics.ts';
import type { ServerCounters, SystemUnderTest } from './system.ts';

export const etcdServers = 3;
const leaderMsMax = 20_000;
const pollMs = 50;

const url = (port: number): string => `http://127.0.0.1:${port}`;

async function metricsOf(base: string): Promise<string> {
  return (await fetch(`${base}/metrics`)).text();
}

/** Base URL of the leader. @throws when none is elected in time. */
async function leaderOf(urls: readonly string[]): Promise<string> {
  const deadline = performance.now() + leaderMsMax;
  while (performance.now() < deadline) {
    const texts = await Promise.all(urls.map(metricsOf));
    const leader = texts.findIndex((text) => metricSum(text, 'etcd_server_is_leader') === 1);
    if (leader >= 0) return urls[leader]!;
    await sleep(pollMs);
  }
  throw new Error('etcd: no leader was elected');
}

export class EtcdCluster implements SystemUnderTest {
  readonly name = 'etcd';
  readonly federation = '';
  readonly watched = [];
  readonly all: readonly string[];
  readonly at: readonly string[];
  readonly dealt = false;
  readonly servers: readonly Child[];

  private constructor(servers: readonly Child[], all: readonly string[], leader: string) {
    this.servers = servers;
    this.all = all;
    this.at = [leader];
  }

  /** Starts a cluster in an empty directory. @throws with one line. */
  static async start(directory: string): Promise<EtcdCluster> {
    const indices = Array.from({ length: etcdServers }, (_, i) => i);
    const base = await freePorts([...indices, ...indices.map((i) => i + etcdServers)]);
    const client = (i: number): string => url(base + i);
    const peer = (i: number): string => url(base + etcdServers + i);
    const servers = indices.map(
      (i) =>
        new Child({
          name: `etcd-${i}`,
          command: 'etcd',
          args: [
            ...['--name', `etcd-${i}`, '--data-dir', join(directory, `etcd-${i}`)],
            ...['--listen-client-urls', client(i), '--advertise-client-urls', client(i)],
            ...['--listen-peer-urls', peer(i), '--initial-advertise-peer-urls', peer(i)],
            ...['--initial-cluster', indices.map((j) => `etcd-${j}=${peer(j)}`).join(',')],
            ...['--initial-cluster-state', 'new', '--initial-cluster-token', directory],
          ],
          log: join(directory, `etcd-${i}.log`),
        }),
    );
    await Promise.all(servers.map((server, i) => answers(server, `${client(i)}/health`)));
    const urls = indices.map(client);
    return new EtcdCluster(servers, urls, await leaderOf(urls));
  }

  async counters(): Promise<readonly ServerCounters[]> {
    return Promise.all(
      this.all.map(async (base) => ({
        syncs: metricSum(await metricsOf(base), 'etcd_disk_wal_fsync_duration_seconds_count'),
        signatureChecks: 0,
      })),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.end('SIGKILL')));
  }
}
