/** Waits until a process answers. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';

const readyMsMax = 60_000;
const pollMs = 25;

/** @throws when the process ends, or does not answer in a minute. */
export async function answers(child: Child, url: string): Promise<void> {
  const deadline = performance.now() + readyMsMax;
  const poll = async (): Promise<void> => {
    while (performance.now() < deadline) {
      const ok = await fetch(url).then(
        (response) => response.ok,
        () => false,
      );
      if (ok) return;
      await sleep(pollMs);
    }
    throw new Error(`${child.name} does not answer at ${url}`);
  };
  await Promise.race([poll(), child.failed]);
}
