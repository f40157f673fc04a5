/** Sizes of packets as the wire codec has them, remembered per fact: facts are shared by all who hold them. */
import type { GossipItem, PacketSizes } from "@coterie/membership/core/swim/messages"
import { packetSizes } from "@coterie/membership/core/swimWire/packetCodec"

/** Bytes of a frame around a body: header and tag, with room for an id of eight characters. */
const overheadBytes = 70

/** Sizes for one world. */
export const simulatedSizes = (): PacketSizes => {
  const { item, message } = packetSizes(overheadBytes)
  const known = new WeakMap<GossipItem, number>()
  return {
    message,
    item: (one) => {
      const remembered = known.get(one)
      if (remembered !== undefined) return remembered
      const bytes = item(one)
      known.set(one, bytes)
      return bytes
    }
  }
}
