/** What commands print: data on the standard output, everything else on the standard error output. */
import { Console, Effect, Schema } from "effect"
import { TerminalCapabilities } from "effect/cli"

import { Json, NoColor } from "./options.ts"

/** Colours words when the terminal can show them and nobody objects. */
export interface Paint {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly weak: (text: string) => string
  readonly strong: (text: string) => string
}

const ansi = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
const colours: Paint = { good: ansi(32), bad: ansi(31), weak: ansi(2), strong: ansi(1) }
const same = (text: string): string => text

/** Leaves every word as it is. */
export const plain: Paint = { good: same, bad: same, weak: same, strong: same }

/** Prints a report as JSON when that was asked for, else its lines for people. */
export const printReport = Effect.fnUntraced(function* <A, I>(
  schema: Schema.Codec<A, I>,
  report: A,
  lines: (paint: Paint) => ReadonlyArray<string>
) {
  if (yield* Json)
    return yield* Console.log(
      JSON.stringify(yield* Effect.orDie(Schema.encodeEffect(schema)(report)), null, 2)
    )
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const text = lines(canColor && !(yield* NoColor) ? colours : plain)
  if (text.length > 0) yield* Console.log(text.join("\n"))
})

/** Tells the person at the terminal something that is no data. */
export const note = (text: string): Effect.Effect<void> => Console.error(text)
