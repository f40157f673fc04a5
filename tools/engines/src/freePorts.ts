/**
 * Ports for engines: free on loopback now, and outside the range from which the kernel takes ports for
 * outgoing connections. A port of that range can be taken by any client while its node is down, even by
 * a peer that keeps dialling it (TCP then connects to itself), so a killed node could not come back.
 */
import { randomInt } from "node:crypto"
import { createServer } from "node:net"

/** Lowest port given out. */
export const portMin = 12_000

/** Highest port given out: below 32768, where Linux begins its ephemeral range. */
export const portMax = 32_000

/** Ports this process was given already; two clusters that start at once must not share one. */
const given = new Set<number>()

/**
 * Ports that could be bound on 127.0.0.1 a moment ago and that this process was not given before. Another
 * process may still take one first: the callers retry with new ports. Rejects when 1000 draws find too few.
 */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const ports: Array<number> = []
  for (let draw = 0; draw < 1000 && ports.length < count; draw++) {
    const port = randomInt(portMin, portMax + 1)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    ports.push(port)
  }
  if (ports.length < count) throw new Error(`no ${count} free ports between ${portMin} and ${portMax}`)
  return ports
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)))
  })
