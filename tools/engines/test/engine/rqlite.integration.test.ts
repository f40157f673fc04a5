import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import {
  httpAnswer,
  locateCommand,
  pollUntil,
  requireEngine,
  type RqliteNode,
  startRqliteCluster,
  type TlsFiles
} from "../../src/index.ts"
import { allGone, isRunning, pidsOf } from "../processes.ts"

const admin = { username: "admin", password: "secret" }

const send = (node: RqliteNode, path: string, statement: string, user?: typeof admin) =>
  Effect.promise(() =>
    httpAnswer(`${node.url}${path}`, {
      method: "POST",
      body: JSON.stringify([statement]),
      timeoutMillis: 10_000,
      ...(user === undefined ? {} : { user })
    })
  )

const nodeAt = (nodes: ReadonlyArray<RqliteNode>, index: number): RqliteNode => {
  const node = nodes[index]
  if (node === undefined) throw new Error(`no node at ${index}`)
  return node
}

const folder = mkdtempSync(join(tmpdir(), "coterie-certificate-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** A certificate for 127.0.0.1 that is its own authority. */
const selfSigned = (): TlsFiles => {
  const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")]
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
  execFileSync(locateCommand("openssl") ?? "openssl", [...kind.split(" "), ...names], { stdio: "ignore" })
  return { certificate, key, authority: certificate }
}

/** Waits until the node, by itself, holds `count` rows. */
const holdsRows = (node: RqliteNode, count: number) =>
  Effect.promise(() =>
    pollUntil(
      async () => {
        const { body } = await httpAnswer(`${node.url}/db/query?level=none`, {
          method: "POST",
          body: JSON.stringify(["SELECT count(*) FROM t"])
        })
        return body.includes(`"values":[[${count}]]`) ? undefined : body
      },
      { timeoutMillis: 15_000 }
    )
  )

describe.skipIf(!requireEngine("rqlite", "rqlite cluster").available)("rqlite cluster", () => {
  it.effect("replicates a write, survives the kill of a node, and takes it back", () =>
    Effect.gen(function* () {
      const { directory, pids } = yield* Effect.scoped(
        Effect.gen(function* () {
          const { directory, nodes } = yield* startRqliteCluster()
          const [first, second, third] = [0, 1, 2].map((index) => nodeAt(nodes, index)) as [
            RqliteNode,
            RqliteNode,
            RqliteNode
          ]
          const status = yield* Effect.promise(() => httpAnswer(`${third.url}/status?key=store.leader`))
          assert.include(status.body, `"node_id":"${first.id}"`, "the first voter leads")
          yield* send(first, "/db/execute", "CREATE TABLE t (x INTEGER)")
          yield* send(second, "/db/execute", "INSERT INTO t VALUES (1)")
          yield* holdsRows(third, 1)

          const killed = third.pid
          yield* third.kill()
          assert.isUndefined(third.pid)
          yield* send(first, "/db/execute", "INSERT INTO t VALUES (2)")
          yield* third.restart()
          assert.notStrictEqual(third.pid, killed)
          yield* holdsRows(third, 2)
          return { directory, pids: pidsOf(nodes) }
        })
      )
      yield* Effect.promise(() => allGone(pids))
      assert.isFalse(existsSync(directory), "the folder is removed after a success")
    })
  )

  it.effect("starts non-voters, and asks for passwords when there are users", () =>
    Effect.gen(function* () {
      const users = [{ ...admin, perms: ["all"] }]
      const { nodes } = yield* startRqliteCluster({
        voters: 1,
        nonVoters: 1,
        users,
        raftElectionTimeout: "2 seconds"
      })
      const [voter, reader] = [nodeAt(nodes, 0), nodeAt(nodes, 1)]
      assert.deepStrictEqual([voter.voter, reader.voter], [true, false])
      assert.strictEqual((yield* send(voter, "/db/execute", "CREATE TABLE t (x)")).status, 401)
      assert.strictEqual((yield* send(voter, "/db/execute", "CREATE TABLE t (x)", admin)).status, 200)
      const seen = yield* Effect.promise(() =>
        httpAnswer(`${reader.url}/status?key=store.nodes`, { user: admin })
      )
      assert.include(seen.body, `"suffrage":"Nonvoter"`)
    })
  )

  it.effect("serves HTTPS and asks for a client certificate", () =>
    Effect.gen(function* () {
      const tls = { ...selfSigned(), verifyClient: true }
      const { nodes } = yield* startRqliteCluster({ voters: 1, tls })
      const node = nodeAt(nodes, 0)
      assert.isTrue(node.url.startsWith("https://"))
      const answer = yield* Effect.promise(() => httpAnswer(`${node.url}/readyz`, { tls }))
      assert.strictEqual(answer.status, 200)
      const stranger = yield* Effect.promise(() => httpAnswer(`${node.url}/readyz`).catch(() => undefined))
      assert.isUndefined(stranger, "no certificate, no answer")
    })
  )

  it.effect("a paused node neither answers nor ends", () =>
    Effect.gen(function* () {
      const { nodes } = yield* startRqliteCluster({ voters: 1 })
      const node = nodeAt(nodes, 0)
      yield* node.pause()
      const silent = yield* Effect.promise(() =>
        httpAnswer(`${node.url}/readyz`, { timeoutMillis: 500 }).then(
          () => false,
          () => true
        )
      )
      assert.isTrue(silent)
      assert.isTrue(isRunning(pidsOf(nodes)[0] ?? 0))
      yield* node.resume()
      assert.strictEqual((yield* Effect.promise(() => httpAnswer(`${node.url}/readyz`))).status, 200)
    })
  )

  it.effect("says why a start failed, and keeps the logs", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.scoped(
        startRqliteCluster({ voters: 1, extraArguments: ["-auth=/nonexistent"] })
      ).pipe(Effect.flip)
      assert.strictEqual(failure._tag, "EngineStartFailed")
      if (failure._tag !== "EngineStartFailed") return
      assert.include(failure.logTail, "open /nonexistent: no such file")
      assert.isTrue(existsSync(`${failure.directory}/1.log`), "the log is kept")
      assert.isFalse(existsSync(`${failure.directory}/data`), "the data is not")
      rmSync(failure.directory, { recursive: true })
    })
  )
})
