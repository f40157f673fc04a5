/** The bytes of what rides in packets: announcements, accusations, goodbyes and user events. */
import type { Accusation, Departure, Evidence, MemberRecord } from "../swim/memberRecord.ts"
import type { GossipItem, UserEvent } from "../swim/messages.ts"
import { labelKey, wireLimits } from "./limits.ts"
import {
  fail,
  readBytes,
  readFlags,
  readGeneration,
  readId,
  readInstance,
  readName,
  readOptionalId,
  readText,
  readU8,
  readVarint32,
  readVarint53,
  type Reader
} from "./wireReader.ts"
import {
  measure,
  type Writer,
  writeAscii,
  writeBytes,
  writeInstance,
  writeText,
  writeU8,
  writeVarint
} from "./wireWriter.ts"

const kinds = { alive: 1, suspect: 2, dead: 3, left: 4, user: 5 } as const

/** Bytes of an item in a packet. */
export const sizeOfItem = (item: GossipItem): number => measure((writer) => writeItem(writer, item))

/** Writes the kind of an item and the item. */
export const writeItem = (writer: Writer, item: GossipItem): void => {
  writeU8(writer, kinds[item.kind])
  switch (item.kind) {
    case "alive":
      return writeRecord(writer, item)
    case "user":
      return writeUserEvent(writer, item)
    case "left":
      return writeDeparture(writer, item)
    case "suspect":
    case "dead":
      return writeAccusation(writer, item)
  }
}

/** Reads the kind of an item and the item; undefined when there is none. */
export const readItem = (reader: Reader): GossipItem | undefined => {
  const start = reader.offset
  const kind = readU8(reader, "the kind of an item")
  switch (kind) {
    case kinds.alive:
      return readRecord(reader)
    case kinds.suspect:
      return readAccusation(reader, "suspect")
    case kinds.dead:
      return readAccusation(reader, "dead")
    case kinds.left:
      return readDeparture(reader)
    case kinds.user:
      return readUserEvent(reader)
    default:
      fail(reader, "unknown", "the kind of an item", start)
      return undefined
  }
}

type FactKey = Pick<MemberRecord, "id" | "generation" | "instance" | "incarnation">

const writeKey = (writer: Writer, key: FactKey): void => {
  writeAscii(writer, key.id)
  writeVarint(writer, key.generation)
  writeInstance(writer, key.instance)
  writeVarint(writer, key.incarnation)
}

const readKey = (reader: Reader): FactKey => ({
  id: readId(reader),
  generation: readGeneration(reader),
  instance: readInstance(reader),
  incarnation: readVarint32(reader)
})

/** Writes an announcement without its kind. */
export const writeRecord = (writer: Writer, record: MemberRecord): void => {
  writeKey(writer, record)
  writeAddress(writer, record.address)
  writeU8(writer, record.versions.min)
  writeU8(writer, record.versions.current)
  writeU8(writer, record.versions.max)
  writeVarint(writer, record.capabilities)
  const labels = Object.entries(record.metadata)
  labels.sort(([one], [other]) => (one < other ? -1 : 1))
  writeU8(writer, labels.length)
  for (const [key, value] of labels) {
    writeAscii(writer, key)
    writeText(writer, value)
  }
}

/** Reads an announcement without its kind. */
export const readRecord = (reader: Reader): MemberRecord => ({
  kind: "alive",
  ...readKey(reader),
  address: readAddress(reader),
  versions: readVersions(reader),
  capabilities: readVarint32(reader),
  metadata: readLabels(reader)
})

const readVersions = (reader: Reader): MemberRecord["versions"] => {
  const start = reader.offset
  const versions = { min: readU8(reader), current: readU8(reader), max: readU8(reader) }
  if (versions.min > versions.current || versions.current > versions.max) {
    fail(reader, "inconsistent", "min <= current <= max", start)
  }
  return versions
}

const readLabels = (reader: Reader): MemberRecord["metadata"] => {
  const start = reader.offset
  const count = readU8(reader)
  if (count > wireLimits.labelsMax) fail(reader, "bounds", `at most ${wireLimits.labelsMax} labels`, start)
  const labels: Record<string, string> = {}
  let last = ""
  for (let index = 0; index < count && reader.failure === undefined; index += 1) {
    const at = reader.offset
    const key = readName(reader)
    if (!labelKey.test(key)) fail(reader, "text", "letters, digits and _.:/-, first a letter", at)
    if (key <= last) fail(reader, "form", "labels in ascending order of their keys", at)
    labels[key] = readText(reader, wireLimits.labelCharactersMax)
    last = key
  }
  return labels
}

/** Writes an address: ASCII after its length as an integer of seven-bit groups. */
export const writeAddress = writeText

/** Reads an address. */
export const readAddress = (reader: Reader): string => {
  const start = reader.offset
  const address = readText(reader, wireLimits.addressBytesMax)
  if (!/^[\x21-\x7e]+$/.test(address)) fail(reader, "text", "printable ASCII without spaces", start)
  return address
}

/** Who says it, in one byte when that is the subject itself. */
const writeBy = (writer: Writer, id: string, by: string): void => writeAscii(writer, by === id ? "" : by)

const readBy = (reader: Reader, id: string): string => {
  const start = reader.offset
  const by = readOptionalId(reader)
  if (by === id) fail(reader, "form", "an empty id for the subject itself", start)
  return by === "" ? id : by
}

const causes = ["silence", "unreachable", "not_me"] as const
const causeBits = 3
const streamBit = 4

const writeAccusation = (writer: Writer, accusation: Accusation): void => {
  writeKey(writer, accusation)
  writeBy(writer, accusation.id, accusation.by)
  const { cause, confirmations, helpers, nacks, stream } = accusation.evidence
  writeU8(writer, causes.indexOf(cause) | (stream ? streamBit : 0))
  writeU8(writer, helpers)
  writeU8(writer, nacks)
  writeU8(writer, confirmations)
}

const readAccusation = (reader: Reader, kind: Accusation["kind"]): Accusation => {
  const key = readKey(reader)
  return { kind, ...key, by: readBy(reader, key.id), evidence: readEvidence(reader) }
}

const readEvidence = (reader: Reader): Evidence => {
  const start = reader.offset
  const flags = readFlags(reader, causeBits | streamBit)
  const cause = causes[flags & causeBits]
  if (cause === undefined) fail(reader, "unknown", `a cause below ${causes.length}`, start)
  return {
    cause: cause ?? "silence",
    stream: (flags & streamBit) !== 0,
    helpers: readU8(reader),
    nacks: readU8(reader),
    confirmations: readU8(reader)
  }
}

const writeDeparture = (writer: Writer, departure: Departure): void => {
  writeKey(writer, departure)
  writeBy(writer, departure.id, departure.by)
}

const readDeparture = (reader: Reader): Departure => {
  const key = readKey(reader)
  return { kind: "left", ...key, by: readBy(reader, key.id) }
}

const writeUserEvent = (writer: Writer, event: UserEvent): void => {
  writeAscii(writer, event.origin)
  writeVarint(writer, event.generation)
  writeText(writer, event.name)
  writeVarint(writer, event.version)
  writeBytes(writer, event.payload)
}

const readUserEvent = (reader: Reader): UserEvent => ({
  kind: "user",
  origin: readId(reader),
  generation: readGeneration(reader),
  name: readEventName(reader),
  version: readVarint53(reader),
  payload: readBytes(reader)
})

const readEventName = (reader: Reader): string => {
  const start = reader.offset
  const name = readText(reader, wireLimits.eventNameCharactersMax)
  if (name === "") fail(reader, "bounds", "a name of at least one character", start)
  return name
}
