/** The value of a flag as a whole number from 1 to a million; throws a sentence on what is wrong with it. */
export const wholeNumber = (flag: string, text: string): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 1_000_000)
    throw new RangeError(`--${flag} is a whole number from 1 to 1000000, not "${text}"`)
  return value
}
