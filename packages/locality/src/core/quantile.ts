/** Quantiles of small samples. */

/** The quantile `share` (0 to 1) of ascending values, interpolated between neighbours; NaN when there are none. */
export const quantile = (ascending: ReadonlyArray<number>, share: number): number => {
  const position = (ascending.length - 1) * share
  const below = ascending[Math.floor(position)] ?? Number.NaN
  const above = ascending[Math.ceil(position)] ?? below
  return below + (above - below) * (position - Math.floor(position))
}
