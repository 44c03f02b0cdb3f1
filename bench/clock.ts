/** One clock for all processes of this machine, which nobody adjusts: what is timed in one can be compared in another. */

const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds since the machine started, or so. */
export const nowMs = (): number => performance.now() + offsetMs;
