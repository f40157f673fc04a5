/** Reads the command line of `npm run fuzz`. */
import { parseArgs } from "node:util"

/** How the command is called. */
export const usage = "usage: npm run fuzz -- swim [--packets N] [--seed N]"

/** How many packets, and from which seed. */
export interface FuzzCommand {
  readonly packets: number
  readonly seed: number
}

/** The command, or a sentence on what is wrong with it. */
export const readFuzzCommand = (args: ReadonlyArray<string>): FuzzCommand | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: flags })
    if (positionals.join(" ") !== "swim") return `expected the command "swim"`
    return { packets: whole("packets", values.packets, 1), seed: whole("seed", values.seed, 0) }
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause)
  }
}

const flags = {
  packets: { type: "string", default: "10000000" },
  seed: { type: "string", default: "1" }
} as const

const most = 2 ** 32 - 1

const whole = (flag: string, text: string, least: number): number => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new RangeError(`--${flag} is a whole number from ${least} to ${most}, not "${text}"`)
  return value
}
