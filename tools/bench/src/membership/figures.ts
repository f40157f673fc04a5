/** The two kinds of figures that most scenarios have. */
import type { Figure } from "./Scenario.ts"

/** A time in s. */
export const seconds = (key: string, what: string, target?: Figure["target"]): Figure => ({
  key,
  what,
  unit: "s",
  digits: 2,
  ...(target === undefined ? {} : { target })
})
/** How often something happened; with `max`, at most so often. */
export const count = (key: string, what: string, max?: number): Figure => ({
  key,
  what,
  unit: "",
  digits: 0,
  ...(max === undefined ? {} : { target: { max } })
})
