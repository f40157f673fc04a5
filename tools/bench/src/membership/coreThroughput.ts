/** How fast SWIM is without sockets: bytes to messages, messages into a core that knows 300 members, and whole nodes with and without keys. */
import type { MemberRecord } from "@coterie/membership/core/swim/memberRecord"
import { instanceHash, type PacketMessage } from "@coterie/membership/core/swim/messages"
import { swimProfiles } from "@coterie/membership/core/swim/options"
import { startSwim } from "@coterie/membership/core/swim/startSwim"
import { step } from "@coterie/membership/core/swim/swim"
import {
  decodePacketBody,
  type PacketBody,
  packetSizes,
  writePacketBody
} from "@coterie/membership/core/swimWire/packetCodec"
import { written } from "@coterie/membership/core/swimWire/wireWriter"

import { type BenchmarkRow, time } from "../stopwatch.ts"
import { nodeThroughput } from "./nodeThroughput.ts"

/** Times each step alone, then whole nodes. */
export const coreThroughput = async (): Promise<ReadonlyArray<BenchmarkRow>> => [
  time("decode a ping", () => decodePacketBody(pingBytes)),
  time("decode a packet of 10 facts", () => decodePacketBody(factsBytes)),
  time("encode a ping", () => encode(ping)),
  time("decode a ping, apply it, encode the answer", hearing(pingBytes)),
  time("decode 10 facts that are known and apply them", hearing(factsBytes)),
  await nodeThroughput(false),
  await nodeThroughput(true)
]

const memberCount = 300

const recordOf = (index: number): MemberRecord => ({
  kind: "alive",
  id: `node-${index}`,
  generation: 1,
  instance: (index + 1).toString(16).padStart(8, "0").padEnd(32, "0"),
  incarnation: 0,
  address: `10.0.${index >> 8}.${index & 255}:7946`,
  metadata: { zone: "a", role: "store" },
  versions: { min: 1, current: 1, max: 1 },
  capabilities: 1
})

const self = recordOf(0)
const sender = recordOf(1)
const known = Array.from({ length: memberCount }, (_, index) => recordOf(index))

const nameOf = ({ generation, instance }: MemberRecord) => ({
  generation,
  instanceHash: instanceHash(instance)
})

const ping: PacketBody = {
  message: {
    _tag: "Ping",
    seq: 1,
    target: { id: self.id, ...nameOf(self) },
    sender: { ...nameOf(sender), incarnation: sender.incarnation }
  },
  gossip: []
}

const encode = (body: PacketBody): Uint8Array => written((writer) => writePacketBody(writer, body))
const pingBytes = encode(ping)
const factsBytes = encode({ message: { _tag: "Gossip" }, gossip: known.slice(1, 11) })

const random = () => 0.5

/** A node that hears the same packet again and again in one moment. */
const hearing = (bytes: Uint8Array): (() => unknown) => {
  const sizes = packetSizes(80)
  const state = startSwim({ options: swimProfiles.lan, self, known, sizes, nowMillis: 0, random })
  const { address, id: from } = sender
  return () => {
    const decoded = decodePacketBody(bytes)
    if (decoded._tag === "Malformed") throw new Error(`a packet of ours is malformed: ${decoded.reason}`)
    const { gossip } = decoded.value
    const message = decoded.value.message as PacketMessage
    const effects = step(state, { _tag: "Received", from, address, sealed: true, message, gossip }, 0, random)
    for (const effect of effects) if (effect._tag === "Send") encode(effect)
    return effects
  }
}
