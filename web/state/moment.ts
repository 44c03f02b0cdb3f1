/** Moments of a run, in ms of virtual time, as the page has them: in whole microseconds, never before the event. */

export const wholeMicroseconds = (ms: number): number => Math.ceil(Number((ms * 1000).toFixed(3))) / 1000;
