/**
 * Copies `from` into `to` at `at`. The built-in copy takes as long to begin as this loop for some 16 bytes, which is
 * more than most values have and less than most keys.
 */
export function putBytes(from: Uint8Array, to: Uint8Array, at: number): void {
  const { length } = from;
  if (length > 16) to.set(from, at);
  else for (let i = 0; i < length; i++) to[at + i] = from[i]!;
}
