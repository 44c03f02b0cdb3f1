/** A broken invariant of our own code. Never thrown for bad input. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** @throws InvariantViolation when the condition does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** For the default branch of a switch over a union: compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unexpected value ${JSON.stringify(value)}`);
}
