/** Creates and removes the namespaces of a run, with `ip` and `ethtool`. Needs root. */
import { existsSync, readdirSync } from "node:fs"

import { type NodeLayout, networkIdOf, slotOf, vxlanPort } from "./layout.ts"
import { run } from "./run.ts"

/**
 * Makes a node's namespace with its two devices: `under0`, the veth to the root namespace, and `vx0`, the
 * overlay, with a fixed neighbour entry per peer, so that no broadcast is needed. Offloads are off on
 * `vx0`: the hub must see whole packets with their checksums in place.
 */
export const createNode = (slot: number, node: NodeLayout, peers: ReadonlyArray<NodeLayout>): void => {
  const { namespace, overlayAddress, rootAddress, rootDevice, underlayAddress } = node
  run(`ip netns add ${namespace}`)
  run(`ip link add ${rootDevice} type veth peer name under0 netns ${namespace}`)
  run(`ip address add ${rootAddress}/30 dev ${rootDevice}`)
  run(`ip link set ${rootDevice} up`)
  const inside = `ip -netns ${namespace}`
  run(`${inside} link set lo up`)
  run(`${inside} address add ${underlayAddress}/30 dev under0`)
  run(`${inside} link set under0 up`)
  const tunnel = `id ${networkIdOf(slot)} local ${underlayAddress} remote ${rootAddress} dstport ${vxlanPort}`
  run(`${inside} link add vx0 address ${node.mac} mtu 1450 type vxlan ${tunnel} nolearning`)
  run(`ip netns exec ${namespace} ethtool -K vx0 tx off gso off tso off gro off`)
  run(`${inside} address add ${overlayAddress}/24 dev vx0`)
  run(`${inside} link set vx0 up`)
  for (const peer of peers) {
    if (peer.index === node.index) continue
    run(`${inside} neighbour replace ${peer.overlayAddress} lladdr ${peer.mac} dev vx0 nud permanent`)
  }
}

/** Every slot that has a namespace or a device on this machine. */
export const slotsInUse = (): ReadonlySet<number> =>
  new Set([...namespaceNames(), ...deviceNames()].map(slotOf).filter((slot) => slot !== undefined))

/** Removes every namespace and device of the slot, and kills the processes that run inside. Never throws. */
export const removeSlot = (slot: number): void => {
  const isOurs = (name: string): boolean => slotOf(name) === slot
  for (const namespace of namespaceNames().filter(isOurs)) {
    killInside(namespace)
    attempt(`ip netns delete ${namespace}`)
  }
  // A device goes with its namespace, but a namespace that a process still holds outlives its name.
  for (const device of deviceNames().filter(isOurs)) attempt(`ip link delete ${device}`)
}

const killInside = (namespace: string): void => {
  for (const pid of attempt(`ip netns pids ${namespace}`).split("\n")) {
    if (pid.trim() === "") continue
    try {
      process.kill(Number(pid), "SIGKILL")
    } catch {
      // It ended by itself.
    }
  }
}

const attempt = (command: string): string => {
  try {
    return run(command)
  } catch {
    return ""
  }
}

const namespaceNames = (): ReadonlyArray<string> => namesIn("/run/netns")

const deviceNames = (): ReadonlyArray<string> => namesIn("/sys/class/net")

const namesIn = (folder: string): ReadonlyArray<string> => (existsSync(folder) ? readdirSync(folder) : [])
