/** Nodes of a cluster with keys, as tests of sealing need them. */
import { createHash } from "node:crypto"

import { Effect, Redacted } from "effect"

import type { PacketBody } from "../../src/core/swimWire/packetCodec.ts"
import { drawInstance, makeFrameTrust, type SealingOptions } from "../../src/swim/frameTrust.ts"
import { makeKeyring, type SealingKeyring } from "../../src/swim/Keyring.ts"
import { makePacketSeal } from "../../src/swim/packetSeal.ts"

/** A key that is the same in every run: the SHA-256 of a name. */
export const keyOf = (name: string) => Redacted.make(createHash("sha256").update(name).digest("base64"))

/** A ring of such keys, the first of which is the primary. */
export const ringOf = (first: string, ...others: ReadonlyArray<string>): SealingKeyring =>
  Effect.runSync(makeKeyring([keyOf(first), ...others.map(keyOf)]))

/** The sealing of one node. */
export const sealing = (options: Partial<SealingOptions> = {}) => {
  const trust = makeFrameTrust({
    label: "test",
    instance: drawInstance(),
    keys: { mode: "aes", keyring: ringOf("one") },
    ...options
  })
  return { trust, packets: makePacketSeal(trust) }
}

/** A small packet. */
export const nack = (seq: number): PacketBody => ({
  message: { _tag: "Nack", seq, reason: "no_answer" },
  gossip: []
})
