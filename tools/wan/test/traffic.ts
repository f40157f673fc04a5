/** Traffic between the nodes of a WAN, made with programs inside their namespaces. */
import { spawn } from "node:child_process"

import { pollUntil } from "@coterie/tools-engines"

import type { WanNode } from "../src/index.ts"

/** What a program in a node said and how it ended. */
interface Outcome {
  readonly code: number | null
  readonly output: string
}

/** Runs a program of Node in the namespace to its end; killed after 20 s. */
const runIn = (node: WanNode, program: string, ...args: ReadonlyArray<string>): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const [ip, ...words] = [...node.execPrefix, process.execPath, "-e", program, ...args]
    const child = spawn(ip, words, { stdio: ["ignore", "pipe", "inherit"], timeout: 20_000 })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")))
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, output: output.trim() }))
  })

const echoServer = `
require("node:net").createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(7000, "0.0.0.0")
require("node:dgram").createSocket("udp4").bind(7000).on("message", function (bytes, from) { this.send(bytes, from.port, from.address) })
`

/** Starts an echo server (TCP and UDP, port 7000) in the node, and waits until it answers on the underlay. */
export const startEcho = async (node: WanNode): Promise<void> => {
  const [ip, ...words] = [...node.execPrefix, process.execPath, "-e", echoServer]
  spawn(ip, words, { stdio: "ignore" })
  await pollUntil(
    async () => {
      const { connect } = await import("node:net")
      return new Promise((resolve) => {
        const socket = connect({ host: node.underlayAddress, port: 7000 }, () => {
          socket.destroy()
          resolve(undefined)
        }).once("error", (cause) => resolve(cause.message))
      })
    },
    { timeoutMillis: 10_000 }
  )
}

const connectTimes = `
const { connect } = require("node:net")
const [host, count, timeout] = process.argv.slice(1)
const once = () => new Promise((resolve) => {
  const start = performance.now()
  const socket = connect({ host, port: 7000 })
  const settle = (result) => { socket.destroy(); resolve(result) }
  socket.setTimeout(Number(timeout), () => settle(null)).once("error", () => settle(null))
  socket.once("connect", () => settle(performance.now() - start))
})
const times = []
void (async () => {
  for (let i = 0; i < Number(count); i++) times.push(await once())
  console.log(JSON.stringify(times))
})()
`

/** Milliseconds that TCP connects between two nodes took; `null` for each that did not succeed in time. */
export const connects = async (
  from: WanNode,
  to: WanNode,
  options: { readonly count: number; readonly timeoutMillis: number }
): Promise<ReadonlyArray<number | null>> => {
  const args = [to.address, String(options.count), String(options.timeoutMillis)]
  return JSON.parse((await runIn(from, connectTimes, ...args)).output) as ReadonlyArray<number | null>
}

const transfer = `
const { connect } = require("node:net")
const bytes = Buffer.alloc(Number(process.argv[2]), 7)
let received = 0
const socket = connect({ host: process.argv[1], port: 7000 }, () => socket.write(bytes))
socket.on("data", (chunk) => {
  received += chunk.length
  if (received < bytes.length) return
  console.log(chunk.every((byte) => byte === 7) ? received : "damaged")
  socket.destroy()
})
`

/** Sends bytes over TCP and takes them back; answers how many came back intact. */
export const echoBytes = async (from: WanNode, to: WanNode, count: number): Promise<string> =>
  (await runIn(from, transfer, to.address, String(count))).output

/** The middle of the times; throws when one failed. */
export const median = (times: ReadonlyArray<number | null>): number => {
  const sorted = times.filter((time) => time !== null).toSorted((left, right) => left - right)
  const middle = sorted[Math.floor(sorted.length / 2)]
  if (middle === undefined || sorted.length < times.length)
    throw new Error(`failed: ${JSON.stringify(times)}`)
  return middle
}
