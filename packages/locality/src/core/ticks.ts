/** A ticker whose slow turns drop ticks instead of piling them up. */

/** The first tick of the grid that lies after now, and how many ticks before it were missed. */
export const nextTick = (
  dueMillis: number,
  nowMillis: number,
  intervalMillis: number
): { readonly dueMillis: number; readonly dropped: number } => {
  const dropped = Math.max(0, Math.floor((nowMillis - dueMillis) / intervalMillis))
  return { dueMillis: dueMillis + (dropped + 1) * intervalMillis, dropped }
}
