/** Values of flags on the command line. */

/** A whole number within bounds; throws a `RangeError` that says what the flag takes. */
export const whole = (
  flag: string,
  text: string,
  { maximum, minimum }: { readonly minimum: number; readonly maximum: number }
): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < minimum || value > maximum)
    throw new RangeError(`--${flag} is a whole number from ${minimum} to ${maximum}, not "${text}"`)
  return value
}

/** One of the known words; throws a `RangeError` that lists them. */
export const oneOf = <A extends string>(flag: string, known: ReadonlyArray<A>, text: string): A => {
  const found = known.find((name) => name === text)
  if (found === undefined) throw new RangeError(`--${flag} is one of ${known.join(", ")}, not "${text}"`)
  return found
}
