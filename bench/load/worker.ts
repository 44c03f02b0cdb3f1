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

async function run(plan: LoadPlan, driver: Driver, fromMs: number, toMs: number): Promise<void> {
  const loop = new Loop(driver, plan, keySource(plan), valueSource(plan));
  const { ratePerSecond, poisson, seed } = plan;
  if (ratePerSecond === undefined) await loop.closed(fromMs, toMs);
  else
    await loop.open(
      fromMs,
      toMs,
      poisson
        ? poissonTimes(nowMs(), ratePerSecond, new Random(`${seed}/times`))
        : fixedTimes(nowMs(), ratePerSecond),
    );
  tell({ type: 'result', result: loop.result(driver.audit()) });
  driver.close();
}

let ready: Promise<{ plan: LoadPlan; driver: Driver }> | undefined;

async function take(message: ToLoad): Promise<void> {
  if (message.type === 'plan') {
    const { plan } = message;
    ready = driverOf(plan).then((driver) => ({ plan, driver }));
    await ready;
    tell({ type: 'ready' });
  } else if (message.type === 'go') {
    const { plan, driver } = await ready!;
    await run(plan, driver, message.fromMs, message.toMs);
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
