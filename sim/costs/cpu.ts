/** Processor time, which other programs disturb less than the clock; for Node alone, where things are calibrated. */

/** Processor time of this process in ms. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
