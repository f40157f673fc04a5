/** One agent beside two real engines at once. */
import { connect } from "node:net"

import { pollUntil, requireEngine, startEtcdCluster, startNatsCluster } from "@coterie/tools-engines"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { ExplainGroupReport } from "../../src/api/localityResponses.ts"
import { GroupsReport } from "../../src/api/responses.ts"
import { agentConfig, eventually, run, startAgent } from "./AgentProcess.ts"

const areThere =
  requireEngine("etcd", "the agent beside two engines").available &&
  requireEngine("nats", "the agent beside two engines").available

const names = ({ groups }: GroupsReport) => groups.map(({ group }) => group)

describe.skipIf(!areThere)("an agent beside etcd and NATS", () => {
  it.live(
    "shows and explains the groups of both, and those of one while the other is down",
    () =>
      Effect.gen(function* () {
        const etcd = yield* startEtcdCluster()
        const nats = yield* startNatsCluster()
        const [member, server] = [etcd.nodes[0], nats.nodes[0]]
        if (member === undefined || server === undefined) return assert.fail("a cluster without nodes")
        const [etcdUrl, natsUrl] = [member.url, server.url]
        const { password, username } = nats.systemUser
        yield* Effect.promise(() => createStream(natsUrl, "ORDERS"))
        const agent = yield* Effect.promise(() =>
          startAgent(
            agentConfig(
              "n1",
              `
locality: { interval: 500ms }
election: { strategy: none }
backends:
  - { name: meta, kind: etcd, url: "${etcdUrl}" }
  - name: jobs
    kind: nats
    url: "${natsUrl}"
    system: { username: ${username}, password: ${password} }
`
            )
          )
        )
        const groups = () => agent.read(GroupsReport, "/v1/groups")

        const both = yield* Effect.promise(() =>
          eventually(groups, (report) => report.groups.every(({ leader }) => leader !== undefined))
        )
        assert.strictEqual(both.engine, "etcd+nats")
        assert.sameMembers(names(both), ["meta/default", "jobs/stream/ORDERS", "jobs/meta"])
        for (const { voters } of both.groups) assert.lengthOf(voters, 3)

        for (const group of names(both)) {
          const { explanation } = yield* Effect.promise(() =>
            eventually(
              () => agent.read(ExplainGroupReport, `/v1/explain/group?group=${group}`),
              ({ explanation }) => explanation.leader !== undefined
            )
          )
          assert.strictEqual(explanation.group, group)
        }
        const why = yield* Effect.promise(() =>
          run(["why", "group", "jobs/stream/ORDERS", "--endpoint", agent.url])
        )
        assert.strictEqual(why.code, 0, why.stderr)
        assert.match(why.stdout, /^rule +(notLeader|insufficientData|gainTooSmall|electing) \(quorumLatency/m)

        yield* member.kill()
        const half = yield* Effect.promise(() =>
          eventually(groups, (report) => report.groups.some(({ error }) => error !== undefined))
        )
        assert.deepStrictEqual(
          half.groups.filter(({ error }) => error !== undefined).map(({ group }) => group),
          ["meta/default"]
        )
        assert.includeMembers(names(half), ["jobs/stream/ORDERS", "jobs/meta"])
        yield* Effect.promise(() =>
          eventually(
            () => agent.status("/health/ready"),
            (status) => status === 200
          )
        )
      }),
    120_000
  )
})

/** Asks for a stream of three replicas until it is there: a new cluster refuses for a moment. */
const createStream = (url: string, name: string) => {
  const body = JSON.stringify({ name, subjects: [name], num_replicas: 3 })
  return pollUntil(
    async () => {
      const answer = await request(url, `$JS.API.STREAM.CREATE.${name}`, body)
      return answer.includes('"did_create"') ? undefined : answer
    },
    { timeoutMillis: 20_000 }
  )
}

/** One request in the protocol of NATS, and what came back within a while. */
const request = (url: string, subject: string, body: string) =>
  new Promise<string>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let text = ""
    const socket = connect(Number(port), hostname, () =>
      socket.write(
        `CONNECT {"verbose":false}\r\nSUB inbox 1\r\nPUB ${subject} inbox ${body.length}\r\n${body}\r\n`
      )
    )
    socket.setTimeout(5000, () => socket.destroy())
    socket.on("data", (chunk) => {
      text += chunk.toString()
      if (/\r\nMSG inbox[^\r]*\r\n[^\r]*\r\n/.test(text)) socket.end()
    })
    socket.on("error", reject)
    socket.on("close", () => resolve(text))
  })
