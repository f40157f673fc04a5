/** The two orders that plans depend on. */

/**
 * Orders node ids by UTF-16 code unit, so every node sorts them alike whatever its locale. Ids that are numbers sort as text: "10" before
 * "9"; pad them where numeric order matters.
 */
export const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Orders every number, as IEEE 754 `totalOrder` does for positive NaN: -0 before 0, NaN after Infinity. */
export const compareTotal = (a: number, b: number): number => {
  if (a < b) return -1
  if (a > b) return 1
  if (a === b) return Number(Object.is(b, -0)) - Number(Object.is(a, -0))
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}
