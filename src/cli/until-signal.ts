/** How a program that runs until it is told to stop is told so: SIGTERM, or SIGINT from a terminal. */

const signals = ['SIGTERM', 'SIGINT'] as const;

/** Resolves at the first signal; the second one ends the process. */
export function untilSignal(): { readonly stopped: Promise<'signal'>; readonly release: () => void } {
  let seen = false;
  let resolve: (value: 'signal') => void;
  const stopped = new Promise<'signal'>((done) => {
    resolve = done;
  });
  const handle = (): void => {
    if (seen) process.exit(1);
    seen = true;
    resolve('signal');
  };
  for (const signal of signals) process.on(signal, handle);
  return {
    stopped,
    release: () => {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
