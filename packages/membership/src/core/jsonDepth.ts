/**
 * Whether JSON text nests deeper than `depthMax`, found without parsing it.
 *
 * A few kilobytes of `[` overflow the stack of any recursive reader, so depth is checked before one sees the
 * text.
 */
export const isDeeperThan = (text: string, depthMax: number): boolean => {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const char = text[index]
    if (inString) {
      if (char === "\\") index++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === "[" || char === "{") {
      depth++
      if (depth > depthMax) return true
    } else if (char === "]" || char === "}") depth--
  }
  return false
}
