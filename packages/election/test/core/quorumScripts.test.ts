import { readdirSync } from "node:fs"

import { describe, expect, it } from "@effect/vitest"

import { runScript } from "../support/datadriven.ts"
import { QuorumWorld, seedTiming } from "./quorumWorld.ts"

const folder = new URL("../testdata/quorum/", import.meta.url)

/**
 * The commands of a script:
 *   cluster a b c [interval=1s] [dead-after=4s] [cooldown=120s] [mode=exact]   members and timing; starts nobody
 *   start a b / start a members=a,b,d     starts nodes that remember nothing, with the cluster's members or others
 *   crash a / pause a / resume a
 *   cut a->b / cut a-b / heal a->b / heal a-b     a->b loses what a sends to b, requests and replies
 *   run 5s                     lets time pass
 *   wait 5s                    lets time pass in which nobody beats
 *   tick a                     one round of heartbeats of a
 *   beat a->b                  one request, and its reply
 *   send a->b                  one request whose reply is lost
 *   reply b->a                 one reply, without the request
 *   resign a
 *   views / leaders
 *   explain a b                who leads and why, as each knows it
 */
const interpreter = () => {
  let world = new QuorumWorld([], seedTiming, () => {})
  let printed: Array<string> = []
  const commands: Record<string, (words: ReadonlyArray<string>) => void> = {
    cluster: (words) => {
      const options = new Map(words.filter(isOption).map(splitOption))
      const duration = (key: string, fallback: number) => {
        const text = options.get(key)
        return text === undefined ? fallback : millis(text)
      }
      const timing = {
        intervalMillis: duration("interval", seedTiming.intervalMillis),
        deadAfterMillis: duration("dead-after", seedTiming.deadAfterMillis),
        cooldownMillis: duration("cooldown", seedTiming.cooldownMillis),
        mode: options.get("mode") === "strict" ? ("strict" as const) : ("exact" as const)
      }
      world = new QuorumWorld(
        words.filter((word) => !isOption(word)),
        timing,
        (line) => printed.push(line)
      )
    },
    start: (words) => {
      const members = new Map(words.filter(isOption).map(splitOption)).get("members")?.split(",")
      for (const id of words.filter((word) => !isOption(word))) world.start(id, members)
    },
    crash: (ids) => ids.forEach((id) => world.crash(id)),
    pause: (ids) => ids.forEach((id) => world.setPaused(id, true)),
    resume: (ids) => ids.forEach((id) => world.setPaused(id, false)),
    cut: (texts) => texts.flatMap(links).forEach(([from, to]) => world.cut(from, to)),
    heal: (texts) => texts.flatMap(links).forEach(([from, to]) => world.heal(from, to)),
    run: ([time = ""]) => world.run(millis(time)),
    wait: ([time = ""]) => {
      world.nowMillis += millis(time)
    },
    tick: ([id = ""]) => world.round(id),
    beat: ([text]) => world.beat(...link(text)),
    send: ([text]) => {
      const [from, to] = link(text)
      world.apply(to, { _tag: "Beat", from, nowMillis: world.nowMillis })
    },
    reply: ([text]) => {
      const [from, to] = link(text)
      world.apply(to, { _tag: "Reply", from, nowMillis: world.nowMillis })
    },
    resign: ([id = ""]) => world.apply(id, { _tag: "Resign", nowMillis: world.nowMillis }),
    views: () => printed.push(...world.views()),
    explain: (ids) => ids.forEach((id) => printed.push(...world.explain(id))),
    leaders: () => printed.push(`leaders: ${world.leaders().toSorted().join(", ") || "none"}`)
  }

  return (line: string): ReadonlyArray<string> => {
    const [name = "", ...words] = line.split(/\s+/)
    const command = commands[name]
    if (command === undefined) throw new Error(`unknown command: ${line}`)
    printed = []
    command(words)
    return printed
  }
}

const links = (text = "") => {
  const [from = "", to = ""] = text.split(/->|-/)
  return text.includes("->") ? [[from, to] as const] : [[from, to] as const, [to, from] as const]
}
const link = (text = "") => links(text)[0] ?? (["", ""] as const)

const isOption = (word: string) => word.includes("=")
const splitOption = (word: string) => word.split("=") as [string, string]

const millis = (text: string): number => {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text)
  if (match === null) throw new Error(`not a duration: ${text}`)
  return Number(match[1]) * { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "ms" | "s" | "m" | "h"]
}

describe("quorum election scripts", () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt"))) {
    it(`plays ${name}`, async () => {
      const path = new URL(name, folder).pathname
      await expect(await runScript(path, interpreter())).toMatchFileSnapshot(path)
    })
  }
})
