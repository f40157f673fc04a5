/** Harness around `SwimMembership`: nodes in one process, driven by JSON lines (`protocol.ts`). The end of input ends the process. */
import { flushCompileCache } from "node:module"
import { createInterface } from "node:readline"

import { Schema } from "effect"

import { HarnessWorld } from "./HarnessWorld.ts"
import { Request } from "./protocol.ts"

const world = new HarnessWorld()
const readId = Schema.decodeUnknownSync(Schema.Struct({ id: Schema.Int }))
const readRequest = Schema.decodeUnknownSync(Request)

const answer = async (line: string): Promise<object> => {
  let id = 0
  try {
    const said: unknown = JSON.parse(line)
    id = readId(said).id
    return { id, ok: true, ...(await world.handle(readRequest(said))) }
  } catch (cause) {
    return { id, ok: false, error: cause instanceof Error ? cause.message : String(cause) }
  }
}

const input = createInterface({ input: process.stdin })
input.on("line", (line) => {
  void answer(line).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`))
})
input.on("close", () => process.exit(0))
flushCompileCache()
