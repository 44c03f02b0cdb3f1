/** The executable: what CHROMIUM names, there or not, or the first in the usual places. */
export function findChromium(): string | undefined;
