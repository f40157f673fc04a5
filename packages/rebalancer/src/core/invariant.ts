/** Throws when the caller broke a documented precondition: a defect of the program, never an operating error. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new RangeError(message)
}
