/**
 * Names and addresses of one run. Every run has a slot of its own, so that runs coexist: the slot is in
 * the names, in the underlay's second octet and in the VXLAN network id. The overlay is the same in every
 * slot, since it exists only inside the namespaces.
 */
import { nodeMac } from "./frame.ts"

/** Number of runs that may exist at once on a machine. */
export const slotCount = 16

/** Most nodes of one run: one underlay /30 each, by the third octet. */
export const nodeCountMax = 250

/** UDP port of every VXLAN device and of the hub's sockets; each has an address of its own. */
export const vxlanPort = 4789

/** UDP port on 127.0.0.1 that a run holds as long as it lives: whoever binds it owns the slot. */
export const slotPort = (slot: number): number => 11_500 + slot

/** VXLAN network id of a slot. */
export const networkIdOf = (slot: number): number => 77 + slot

/** Names and addresses of one node. */
export interface NodeLayout {
  /** From 0. */
  readonly index: number
  readonly namespace: string
  /** Name of the veth end in the root namespace, at most 15 characters. */
  readonly rootDevice: string
  /** Address of the veth end in the root namespace, where the hub listens for this node. */
  readonly rootAddress: string
  /** Address of the veth end in the node's namespace: reached from the root namespace without delay. */
  readonly underlayAddress: string
  /** Address on the overlay: reached from the other nodes through the hub, with delay. */
  readonly overlayAddress: string
  readonly mac: string
}

/** The node's names and addresses. */
export const layoutOf = (slot: number, index: number): NodeLayout => {
  const number = index + 1
  return {
    index,
    namespace: `coterie-wan${slot}-n${number}`,
    rootDevice: `cwan${slot}n${number}`,
    rootAddress: `10.${99 + slot}.${number}.1`,
    underlayAddress: `10.${99 + slot}.${number}.2`,
    overlayAddress: `10.77.0.${number}`,
    mac: nodeMac(index)
  }
}

/** The slot of a namespace or root device by its name; `undefined` for a name that is not ours. */
export const slotOf = (name: string): number | undefined => {
  const slot = /^(?:coterie-wan(\d+)-n\d+|cwan(\d+)n\d+)$/.exec(name)
  return slot === null ? undefined : Number(slot[1] ?? slot[2])
}
