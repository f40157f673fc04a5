/** The demo at a terminal: a view that is drawn again and again, and keys. Without a terminal: a line for each change, keys as lines. */
import { Console, Duration, Effect, Ref, Stdio, Stream, Terminal } from "effect"

import { emptyDemo } from "./core/demoState.ts"
import { keyHelp, type PendingKey, press } from "./core/keys.ts"
import { Demo } from "./Demo.ts"
import { narrate } from "./narrate.ts"
import { renderView } from "./renderView.ts"
import { writeForEver } from "./writer.ts"

const frameInterval = Duration.millis(200)

/** Another screen for the view, so that the terminal is as it was afterwards. */
const enterScreen = "\u001B[?1049h\u001B[?25l"
const leaveScreen = "\u001B[?25h\u001B[?1049l"
const homeAndClear = "\u001B[H\u001B[J"

type Pending = Ref.Ref<PendingKey>

/** Runs until q is pressed. */
export const runLive = Effect.gen(function* () {
  const { stdinIsTerminal, stdoutIsTerminal } = yield* Stdio.Stdio
  const pending = yield* Ref.make<PendingKey>(undefined)
  if ((yield* stdinIsTerminal) && (yield* stdoutIsTerminal)) {
    return yield* Effect.raceAllFirst([pressKeys(pending), draw(pending), writeForEver])
  }
  return yield* Effect.raceAllFirst([typeKeys(pending), tell, writeForEver])
})

const draw = Effect.fnUntraced(function* (pending: Pending) {
  const demo = yield* Demo
  const terminal = yield* Terminal.Terminal
  const frame = Effect.gen(function* () {
    const state = yield* demo.state
    const footer = keyHelp(yield* Ref.get(pending), Object.keys(demo.latencies))
    yield* terminal.display(`${homeAndClear}${renderView(state, yield* demo.elapsedMillis, footer)}`)
  })
  return yield* Effect.acquireUseRelease(
    terminal.display(enterScreen),
    () => frame.pipe(Effect.andThen(Effect.sleep(frameInterval)), Effect.forever),
    () => Effect.ignore(terminal.display(leaveScreen))
  )
})

const tell = Effect.gen(function* () {
  const demo = yield* Demo
  const ids = Object.keys(demo.latencies)
  let before = emptyDemo(ids, (yield* demo.state).firstLeader)
  const line = Effect.gen(function* () {
    const after = yield* demo.state
    for (const text of narrate(before, after)) yield* Console.log(text)
    before = after
  })
  return yield* line.pipe(Effect.andThen(Effect.sleep(frameInterval)), Effect.forever)
})

/** Obeys keys as they are pressed; ends with q, escape and ctrl-c. */
const pressKeys = Effect.fnUntraced(function* (pending: Pending) {
  const terminal = yield* Terminal.Terminal
  const input = yield* terminal.readInput
  yield* Stream.fromQueue(input).pipe(
    Stream.mapEffect(({ key }) => obey(pending, key.ctrl ? "" : key.name)),
    Stream.takeUntil((quit) => quit),
    Stream.runDrain
  )
}, Effect.scoped)

/** Obeys the keys in each line, such as "k e"; ends with q, and goes on without keys when the input ends. */
const typeKeys = Effect.fnUntraced(function* (pending: Pending) {
  const { stdin } = yield* Stdio.Stdio
  const quit = yield* stdin.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.flatMap((line) => Stream.fromIterable(line)),
    Stream.mapEffect((key) => obey(pending, key)),
    Stream.takeUntil((quit) => quit),
    Stream.runFold(
      () => false,
      (_, quit) => quit
    )
  )
  if (!quit) return yield* Effect.never
})

/** Begins what a key asks for, and says whether it asks for the end. */
const obey = Effect.fnUntraced(function* (pending: Pending, key: string) {
  const demo = yield* Demo
  const pressed = press(yield* Ref.get(pending), key, Object.keys(demo.latencies))
  yield* Ref.set(pending, pressed.pending)
  switch (pressed.action?._tag) {
    case "Quit":
      return true
    case "Kill":
      yield* Effect.forkChild(demo.kill(pressed.action.node))
      return false
    case "Restart":
      yield* Effect.forkChild(demo.restart(pressed.action.node))
      return false
    case undefined:
      return false
  }
})
