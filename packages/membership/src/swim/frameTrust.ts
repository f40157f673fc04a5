/** What both packets and streams check before they look at a body, in the order that costs the least when a frame is not for us. */
import { createHash, randomBytes } from "node:crypto"

import {
  decodeHeader,
  type FrameHeader,
  type FrameMode,
  type FrameUse,
  headerBytes,
  type Sender,
  writeHeader
} from "../core/swimWire/frameHeader.ts"
import type { RefusalReason } from "../core/swimWire/refusal.ts"
import type { Malformed } from "../core/swimWire/wireReader.ts"
import type { SealingKeyring, SwimKey } from "./Keyring.ts"
import { makeSenderTable, type SenderLimits, type SenderTable } from "./senderTable.ts"

/** A frame that was dropped. */
export interface Refused {
  readonly _tag: "Refused"
  readonly reason: RefusalReason
  /** What, where, and what would be right, in one clause. */
  readonly detail: string
}

/** The secrets of a cluster; `plain` trusts whoever reaches the port. */
export type FrameKeys =
  | { readonly mode: "plain" }
  | { readonly mode: "aes" | "hmac"; readonly keyring: SealingKeyring }

/** How frames of one node are sealed. */
export interface SealingOptions extends Partial<SenderLimits> {
  /** Name of the cluster, 1 to 255 bytes of UTF-8; frames of others are refused. */
  readonly label: string
  readonly keys: FrameKeys
  /** This process, from `drawInstance`: with one instance twice, nonces would repeat. */
  readonly instance: string
  /** Senders per second for which a subkey is derived in vain or for the first time: 25 us each. Default 1000. */
  readonly unknownPerSecond?: number
}

/** 128 random bits for a process, as 32 hexadecimal digits. */
export const drawInstance = (): string => randomBytes(16).toString("hex")

/** A sender as its own node names it; the instance is that of the sealing. */
export interface OwnName {
  readonly id: string
  readonly generation: number
}

/** What the frames of one node have in common. */
export interface FrameTrust {
  readonly mode: FrameMode
  readonly senders: SenderTable
  /** A new header with the next sequence number, and its bytes. */
  readonly nextHeader: (use: FrameUse, own: OwnName, key: SwimKey | undefined) => FramePrefix
  /** The header of a frame that is for this node, with the key that it names. */
  readonly admit: (
    bytes: Uint8Array,
    use: FrameUse
  ) => (FramePrefix & { readonly key: SwimKey | undefined }) | Refused
  /** The key that seals. */
  readonly primary: () => SwimKey | undefined
  /** The label before what else must be the same at both ends. */
  readonly associate: (...parts: ReadonlyArray<Uint8Array>) => Uint8Array
  /** Whether one more unknown sender may cost a derivation in this second. */
  readonly mayDerive: (nowMillis: number) => boolean
}

/** A header and its bytes. */
export interface FramePrefix {
  readonly _tag: "Prefix"
  readonly header: FrameHeader
  readonly bytes: Uint8Array
}

const defaults = { sendersMax: 8192, retiredMax: 131_072, unknownPerSecond: 1000 }

/** The trust of one node. */
export const makeFrameTrust = (options: SealingOptions): FrameTrust => {
  const { instance, keys, label } = options
  const labelHash = createHash("sha256").update(label).digest().readUInt32BE(0)
  const labelBytes = Buffer.from(label)
  const associatedLabel = Buffer.concat([Buffer.from([labelBytes.length]), labelBytes])
  const keyring = keys.mode === "plain" ? undefined : keys.keyring
  let seq = 0

  const admit: FrameTrust["admit"] = (bytes, use) => {
    const decoded = decodeHeader(bytes)
    if (decoded._tag === "Malformed") return refusedHeader(decoded)
    const header = decoded.value
    if (header.use !== use) return refused("use", `a frame for ${header.use} where ${use} belongs`)
    if (header.mode !== keys.mode) {
      return refused("mode", `sealed as ${header.mode}; this cluster's mode is ${keys.mode} on all nodes`)
    }
    if (header.labelHash !== labelHash) return refused("label", `a frame of another cluster than ${label}`)
    if (header.sender.instance === instance) return refused("own", "a frame of this process came back")
    const key = keyring?.find(header.keyId)
    if (keyring !== undefined && key === undefined) {
      return refused(
        "unknown_key",
        `key ${header.keyId.toString(16).padStart(8, "0")} is not in the key ring`
      )
    }
    return { _tag: "Prefix", header, key, bytes: bytes.subarray(0, headerBytes(header.sender.id)) }
  }

  return {
    mode: keys.mode,
    senders: makeSenderTable({ ...defaults, ...options }),
    admit,
    nextHeader: (use, own, key) => {
      seq += 1
      const sender: Sender = { id: own.id, generation: own.generation, instance }
      const header = { use, mode: keys.mode, labelHash, keyId: key?.keyId ?? 0, seq, sender }
      const bytes = new Uint8Array(headerBytes(own.id))
      writeHeader({ bytes, offset: 0 }, header)
      return { _tag: "Prefix", header, bytes }
    },
    primary: () => keyring?.primary(),
    associate: (...parts) => Buffer.concat([associatedLabel, ...parts]),
    mayDerive: makeLimit(options.unknownPerSecond ?? defaults.unknownPerSecond)
  }
}

/** A frame that is dropped for a reason. */
export const refused = (reason: RefusalReason, detail: string): Refused => ({
  _tag: "Refused",
  reason,
  detail
})

/** A body that is authentic but no message. */
export const refusedBody = (malformed: Malformed): Refused => refused("body", describe(malformed))

const refusedHeader = (malformed: Malformed): Refused => {
  const { reason } = malformed
  return refused(reason === "magic" || reason === "version" ? reason : "header", describe(malformed))
}

const describe = ({ expected, offset, reason }: Malformed): string =>
  `${reason} at byte ${offset}: expected ${expected}`

/** Names a sender by one key for the table. */
export const senderName = ({ keyId, sender }: FrameHeader): string =>
  `${keyId} ${sender.instance} ${sender.generation} ${sender.id}`

const makeLimit = (perSecond: number): ((nowMillis: number) => boolean) => {
  let second = Number.NaN
  let count = 0
  return (nowMillis) => {
    const now = Math.floor(nowMillis / 1000)
    if (now !== second) {
      second = now
      count = 0
    }
    count += 1
    return count <= perSecond
  }
}
