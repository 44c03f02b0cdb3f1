/** Free ports on loopback. */

import { createServer } from 'node:net';

const free = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const tries = 200;

/**
 * A first port such that it and the ports at the given distances are free; below those that the system hands
 * out. @throws when there is none.
 */
export async function freePorts(distances: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const base = 10_000 + 10 * Math.floor(Math.random() * 1900);
    const all = await Promise.all(distances.map((distance) => free(base + distance)));
    if (all.every(Boolean)) return base;
  }
  throw new Error('there is no free range of ports on loopback');
}
