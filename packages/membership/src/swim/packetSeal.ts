/** Packets of one node: what the core sends as one sealed datagram, and what arrives as a message of a known sender. */
import type { KeyObject } from "node:crypto"

import { type FrameHeader, headerBytes, identityOffset, type Sender } from "../core/swimWire/frameHeader.ts"
import { wireLimits } from "../core/swimWire/limits.ts"
import { decodePacketBody, type PacketBody, writePacketBody } from "../core/swimWire/packetCodec.ts"
import {
  type FramePrefix,
  type FrameTrust,
  type OwnName,
  type Refused,
  refused,
  refusedBody,
  senderName
} from "./frameTrust.ts"
import type { SwimKey } from "./Keyring.ts"
import { deriveSubkey, noSubkey, openBody, sealBody, sealBytes } from "./seal.ts"

/** A packet as it arrived. */
export interface OpenedPacket {
  readonly _tag: "Opened"
  readonly sender: Sender
  readonly body: PacketBody
  /** The header proves the sender; false when plain. */
  readonly sealed: boolean
  /** Extensions of a newer version that were passed over. */
  readonly skipped: number
}

/** Both ways of packets. */
export interface PacketSeal {
  /** Bytes that a frame of this sender adds to a body. */
  readonly overheadBytes: (id: string) => number
  /** A datagram, in memory of its own; undefined when it would be larger than a datagram can be. */
  readonly seal: (own: OwnName, body: PacketBody) => Uint8Array | undefined
  /** A datagram's content; `nowMillis` is monotonic. Never throws. */
  readonly open: (datagram: Uint8Array, nowMillis: number) => OpenedPacket | Refused
}

/** The packets of one node. */
export const makePacketSeal = (trust: FrameTrust): PacketSeal => {
  const scratch = Buffer.alloc(wireLimits.packetBytesMax)
  let own: { readonly name: string; readonly subkey: KeyObject } | undefined

  const ownSubkey = (prefix: FramePrefix, key: SwimKey): KeyObject => {
    const name = senderName(prefix.header)
    if (own?.name !== name) own = { name, subkey: packetSubkey(prefix, key) }
    return own.subkey
  }

  return {
    overheadBytes: (id) => headerBytes(id) + sealBytes(trust.mode),
    seal: (sender, body) => {
      const writer = { bytes: scratch, offset: 0 }
      writePacketBody(writer, body)
      const key = trust.primary()
      const prefix = trust.nextHeader("packet", sender, key)
      if (prefix.bytes.length + writer.offset + sealBytes(trust.mode) > wireLimits.packetBytesMax)
        return undefined
      const subkey = key === undefined ? noSubkey : ownSubkey(prefix, key)
      const sealed = sealBody(sealOf(trust, prefix, subkey), scratch.subarray(0, writer.offset))
      return Buffer.concat([prefix.bytes, ...sealed])
    },
    open: (datagram, nowMillis) => {
      const prefix = trust.admit(datagram, "packet")
      if (prefix._tag === "Refused") return prefix
      const sealed = datagram.subarray(prefix.bytes.length)
      if (prefix.key === undefined) return read(prefix.header, sealed)
      const name = senderName(prefix.header)
      const { seq } = prefix.header
      const seen = trust.senders.look(name, seq)
      if (seen !== "new") return refused(seen, `sequence number ${seq} of ${prefix.header.sender.id}`)
      const known = trust.senders.find(name)
      if (known === undefined && !trust.mayDerive(nowMillis)) {
        return refused("busy", "more packets of unknown senders in this second than are looked at")
      }
      const subkey = known?.subkey ?? packetSubkey(prefix, prefix.key)
      const body = openBody(sealOf(trust, prefix, subkey), sealed)
      if (body === undefined) return refused("forged", `not sealed by ${prefix.header.sender.id}`)
      trust.senders.note(name, subkey, seq)
      return read(prefix.header, body)
    }
  }
}

const sealOf = (trust: FrameTrust, { bytes, header }: FramePrefix, subkey: KeyObject) => ({
  mode: header.mode,
  subkey,
  nonce: header.seq,
  associated: trust.associate(bytes)
})

/** The subkey of a sender's packets under a key; streams of the same process prove it too. */
export const packetSubkey = ({ bytes, header }: FramePrefix, key: SwimKey): KeyObject =>
  deriveSubkey(key.bytes, `coterie swim packet ${header.mode}`, bytes.subarray(identityOffset))

const read = ({ mode, sender }: FrameHeader, bytes: Uint8Array): OpenedPacket | Refused => {
  const decoded = decodePacketBody(bytes)
  return decoded._tag === "Malformed"
    ? refusedBody(decoded)
    : { _tag: "Opened", sender, body: decoded.value, sealed: mode !== "plain", skipped: decoded.skipped }
}
