/**
 * A load process. It is told a plan, prepares its connections, starts when it is told to, and reports what
 * it counted. It ends with the process that started it.
 */

import { Random } from '../../sim/random.ts';
import { nowMs } from '../clock.ts';
import type { Driver } from './driver.ts';
import { keySource } from './keys.ts';
import { Loop } from './loop.ts';
import type { FromLoad, LoadPlan, ToLoad } from './plan.ts';
import { fixedTimes, poissonTimes } from './schedule.ts';
import { valueSource } from './values.ts';

const tell = (message: FromLoad): void => void process.send?.(message);

async function driverOf(plan: LoadPlan): Promise<Driver> {
  if (plan.system === 'etcd') {
    const { EtcdDriver } = await import('./etcd.ts');
    return EtcdDriver.open(plan);
  }
  const { MusigDriver } = await import('./musig.ts');
  return new MusigDriver(plan);
}

async function load(loop: Loop, plan: LoadPlan, fromMs: number, toMs: number): Promise<void> {
  const { ratePerSecond, poisson, seed } = plan;
  if (ratePerSecond === undefined) return loop.closed(fromMs, toMs);
  const times = poisson
    ? poissonTimes(nowMs(), ratePerSecond, new Random(`${seed}/times`))
    : fixedTimes(nowMs(), ratePerSecond);
  return loop.open(fromMs, toMs, times);
}

let prepared: { readonly plan: LoadPlan; readonly driver: Driver } | undefined;
let running: { readonly loop: Loop; readonly done: Promise<void> } | undefined;

/** @throws when it is told what does not come next, and whatever the driver throws. */
async function take(message: ToLoad): Promise<void> {
  if (message.type === 'plan') {
    const { plan } = message;
    prepared = { plan, driver: await driverOf(plan) };
    tell({ type: 'ready' });
  } else if (message.type === 'go') {
    const { plan, driver } = prepared!;
    const loop = new Loop(driver, plan, keySource(plan), valueSource(plan));
    running = { loop, done: load(loop, plan, message.fromMs, message.toMs) };
    await running.done;
  } else if (message.type === 'report') {
    const { loop, done } = running!;
    await done;
    tell({ type: 'result', result: loop.result(prepared!.driver.audit()) });
    prepared!.driver.close();
  }
}

process.on('message', (message: ToLoad) => {
  take(message).catch((error: unknown) =>
    tell({ type: 'error', message: error instanceof Error ? error.message : String(error) }),
  );
});
// Waiting for the plan keeps it alive.
process.channel?.ref();
process.on('disconnect', () => process.exit(1));
tell({ type: 'listening' });
