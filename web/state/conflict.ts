/** Which batches conflict: they share a dependency, or one depends on everything (protocol section 2). */

interface Dependent {
  /** Undefined: depends on everything. */
  readonly dependencies: readonly string[] | undefined;
}

export function conflict(one: Dependent, other: Dependent): boolean {
  if (!one.dependencies) return other.dependencies?.length !== 0;
  if (!other.dependencies) return one.dependencies.length !== 0;
  const keys = new Set(one.dependencies);
  return other.dependencies.some((key) => keys.has(key));
}
