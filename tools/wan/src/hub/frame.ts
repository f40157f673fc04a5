/**
 * What the hub reads in a packet: a VXLAN header (RFC 7348: 8 bytes, flag 0x08, 24-bit network id) and
 * the destination of the Ethernet frame behind it. Node i (from 0) has the MAC 02:00:00:00:hh:ll with
 * hhll = i + 1.
 */

const headerBytes = 8
const ethernetBytes = 14
const networkIdIsValid = 0x08

/** The MAC address of a node's overlay device. */
export const nodeMac = (index: number): string => {
  const number = index + 1
  return `02:00:00:00:${hex(number >> 8)}:${hex(number & 0xff)}`
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0")

/**
 * The index of the node that the packet is for. `undefined` when it is no packet of this network, or is
 * for no single node (broadcast and multicast, which the overlay does not carry).
 */
export const destinationOf = (packet: Uint8Array, networkId: number): number | undefined => {
  if (packet.length < headerBytes + ethernetBytes) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  if ((view.getUint8(0) & networkIdIsValid) === 0 || view.getUint32(4) >>> 8 !== networkId) return undefined
  const isNodeMac = view.getUint32(headerBytes) === 0x02000000
  const number = view.getUint16(headerBytes + 4)
  return isNodeMac && number > 0 ? number - 1 : undefined
}
