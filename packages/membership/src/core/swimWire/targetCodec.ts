/** The bytes of the process that a message is meant for. */
import type { PingTarget } from "../swim/messages.ts"
import { readGeneration, readId, readU32, type Reader } from "./wireReader.ts"
import { type Writer, writeAscii, writeU32, writeVarint } from "./wireWriter.ts"

/** Writes a target. */
export const writeTarget = (writer: Writer, target: PingTarget): void => {
  writeAscii(writer, target.id)
  writeVarint(writer, target.generation)
  writeU32(writer, target.instanceHash)
}

/** Reads a target. */
export const readTarget = (reader: Reader): PingTarget => ({
  id: readId(reader),
  generation: readGeneration(reader),
  instanceHash: readU32(reader)
})
