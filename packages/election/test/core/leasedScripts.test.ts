import { readdirSync } from "node:fs"

import { describe, expect, it } from "@effect/vitest"

import { configOf } from "../../src/core/leasedQuorumState.ts"
import { runScript } from "../support/datadriven.ts"
import { leasedTiming, LeasedWorld } from "./leasedWorld.ts"

const folder = new URL("../testdata/leased/", import.meta.url)

/**
 * The commands of a script; times are ms of one clock that all nodes share, and messages arrive only on request:
 *   cluster a b c              members; starts nobody
 *   start a b / start a members=a,b     starts nodes with what is on their disks
 *   crash a
 *   cut a->b / heal a->b       loses what a sends to b from now on
 *   wait 100                   lets time pass in which nothing happens
 *   run 5000                   lets time pass with polls every 100 ms and beats every second, messages arriving at once
 *   poll a / beat a            one timer of a node
 *   step-down a / step-down a to=b / stopped a 5
 *   deliver / deliver a->b     all messages and what follows from them, or those on their way now from a to b
 *   drop / drop a->b           loses them instead
 *   repeat a->b                doubles them
 *   forge a->b bid 5 / renew 5 / release 5 / granted 5 [sent=0]     a message from outside the protocol
 *   tell a b members=b,x       b tells a that it has these voters
 *   views
 *   explain a b                who leads and why, as each knows it
 *   refusal a to=b             why a does not hand leadership to b
 */
const interpreter = () => {
  let printed: Array<string> = []
  let world = new LeasedWorld([], () => {})

  const forge = (link: string, kind: string, epoch: number, sentAtMillis: number): void => {
    const [from, to] = ends(link)
    const request = (kind: "bid" | "renew") =>
      ({ _tag: "Request", kind, epoch, sentAtMillis, config: configOf(world.members, leasedTiming) }) as const
    const messages = {
      bid: request("bid"),
      renew: request("renew"),
      release: { _tag: "Release", epoch, reserveFor: null },
      granted: {
        _tag: "Answer",
        kind: "renew",
        epoch,
        sentAtMillis,
        verdict: "granted",
        promised: epoch,
        grant: null,
        seesQuorum: true,
        willing: true
      }
    } as const
    const message = messages[kind as keyof typeof messages]
    world.flights = [...world.flights, { from, to, message }]
    world.deliver(from, to)
  }

  const commands: Record<string, (words: ReadonlyArray<string>) => void> = {
    cluster: (members) => {
      world = new LeasedWorld(members, (line) => printed.push(line))
    },
    start: (words) => {
      const members = option(words, "members")?.split(",")
      for (const id of words.filter((word) => !word.includes("="))) world.start(id, members)
    },
    crash: (ids) => ids.forEach((id) => world.crash(id)),
    cut: (links) => links.forEach((link) => world.cut(...ends(link))),
    heal: (links) => links.forEach((link) => world.heal(...ends(link))),
    wait: ([millis = ""]) => {
      world.nowMillis += Number(millis)
    },
    run: ([millis = ""]) => world.run(Number(millis)),
    poll: ([id = ""]) => world.tell(id, { _tag: "Poll", random: 0.5 }),
    beat: ([id = ""]) => world.tell(id, { _tag: "Beat" }),
    "step-down": (words) => world.tell(words[0] ?? "", { _tag: "StepDown", to: option(words, "to") }),
    stopped: ([id = "", epoch = ""]) => world.tell(id, { _tag: "WorkStopped", epoch: Number(epoch) }),
    deliver: ([link]) => (link === undefined ? world.deliver() : world.deliver(...ends(link))),
    drop: ([link]) => {
      world.flights = world.flights.filter(({ from, to }) => link !== undefined && link !== `${from}->${to}`)
    },
    repeat: ([link]) => {
      world.flights = world.flights.flatMap((flight) =>
        link === `${flight.from}->${flight.to}` ? [flight, flight] : [flight]
      )
    },
    forge: (words) => {
      const [link = "", kind = "", epoch = ""] = words
      forge(link, kind, Number(epoch), Number(option(words, "sent") ?? world.nowMillis))
    },
    tell: (words) => {
      const [to = "", from = ""] = words
      const config = configOf(option(words, "members")?.split(",") ?? world.members, leasedTiming)
      world.tell(to, { _tag: "ConfigHeard", from, config })
    },
    views: () => void printed.push(...world.views()),
    explain: (ids) => ids.forEach((id) => printed.push(...world.explain(id))),
    refusal: (words) => void printed.push(world.refusal(words[0] ?? "", option(words, "to") ?? ""))
  }

  return (line: string): ReadonlyArray<string> => {
    const [name = "", ...words] = line.split(/\s+/)
    const command = commands[name]
    if (command === undefined) throw new Error(`unknown command ${name}`)
    printed = []
    command(words)
    return printed
  }
}

const ends = (link: string): readonly [string, string] => {
  const [from = "", to = ""] = link.split("->")
  return [from, to]
}

const option = (words: ReadonlyArray<string>, name: string): string | undefined =>
  words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)

describe("leased quorum scripts", () => {
  it.each(readdirSync(folder))("%s", async (file) => {
    const path = new URL(file, folder).pathname
    await expect(await runScript(path, interpreter())).toMatchFileSnapshot(path)
  })
})
