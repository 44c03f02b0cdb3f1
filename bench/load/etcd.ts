/** etcd under load: a write is done when the revision that it made has come. */

import { utf8 } from '../../src/base/bytes.ts';
import type { EtcdConnection } from '../etcd/connection.ts';
import { GrpcConnection } from '../etcd/grpc.ts';
import { LeanConnection } from '../etcd/lean.ts';
import type { Confirmed, Driver } from './driver.ts';
import type { LoadPlan } from './plan.ts';

const confirmed: Confirmed = { finality: 'order', rejected: false };

export class EtcdDriver implements Driver {
  readonly #connections: readonly EtcdConnection[];

  private constructor(connections: readonly EtcdConnection[]) {
    this.#connections = connections;
  }

  static async open({ at, etcdClient }: LoadPlan): Promise<EtcdDriver> {
    const open = etcdClient === 'lean' ? LeanConnection.open : GrpcConnection.open;
    return new EtcdDriver(await Promise.all(at.map((url) => open(url))));
  }

  async write(connection: number, key: string, value: Uint8Array): Promise<Confirmed> {
    await this.#connections[connection]!.put(utf8(key), value);
    return confirmed;
  }

  /** It has nothing to verify. */
  audit(): number {
    return 0;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}
