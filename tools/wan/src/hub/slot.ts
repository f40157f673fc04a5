/**
 * The right to a slot. Its holder keeps a UDP port bound on loopback; the kernel takes the port back when
 * the holder dies, however that happens. So a slot whose port is free has no owner, and what still carries
 * its name is stale.
 */
import { createSocket } from "node:dgram"

import { slotCount, slotPort } from "./layout.ts"
import { removeSlot, slotsInUse } from "./namespaces.ts"

/** A slot, and how to give it back. */
export interface HeldSlot {
  readonly slot: number
  readonly release: () => void
}

/** Takes the first free slot, after removing what dead runs left in any slot. Rejects when all are taken. */
export const takeSlot = async (): Promise<HeldSlot> => {
  await removeStale()
  for (let slot = 0; slot < slotCount; slot++) {
    const release = await hold(slot)
    if (release !== undefined) return { slot, release }
  }
  throw new Error(`all ${slotCount} slots are taken: UDP ports ${slotPort(0)} to ${slotPort(slotCount - 1)}`)
}

/** Removes what runs left behind whose hub has ended; leaves every living run alone. */
export const removeStale = async (): Promise<void> => {
  for (const slot of slotsInUse()) {
    const release = await hold(slot)
    if (release === undefined) continue
    removeSlot(slot)
    release()
  }
}

const hold = (slot: number): Promise<(() => void) | undefined> =>
  new Promise((resolve) => {
    const socket = createSocket("udp4")
    socket.once("error", () => resolve(undefined))
    socket.bind({ port: slotPort(slot), address: "127.0.0.1", exclusive: true }, () => {
      resolve(() => void socket.close())
    })
  })
