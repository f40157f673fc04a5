/** The smallest value that at least `share` (0 to 1) of the values do not exceed; undefined for none. */
export const percentile = (values: ReadonlyArray<number>, share: number): number | undefined =>
  values.toSorted((left, right) => left - right)[Math.max(0, Math.ceil(values.length * share) - 1)]
