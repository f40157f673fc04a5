import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { type EtcdCluster, freePorts, httpAnswer, locate, pollUntil } from "@coterie/tools-engines"
import { Effect } from "effect"

import { present } from "./present.ts"

/** A POST of the test's own, not the driver's. */
export const post = async (url: string, path: string, body: object) => {
  const { body: text, status } = await httpAnswer(url + path, {
    method: "POST",
    body: JSON.stringify(body),
    timeoutMillis: 5000
  })
  return { status, body: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {} }
}

/** Adds a learner to the cluster and starts it; its id and URL. It ends with the scope. */
export const startLearner = ({ nodes }: EtcdCluster) =>
  Effect.gen(function* () {
    const first = present(nodes[0])
    const [client = 0, peer = 0] = yield* Effect.promise(() => freePorts(2))
    const [clientUrl, peerUrl] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`]
    const id = yield* Effect.promise(() => addLearner(first.url, peerUrl))
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        const folder = mkdtempSync(join(tmpdir(), "coterie-etcd-learner-"))
        const child = spawn(
          present(locate("etcd")),
          [
            "--name=learner",
            `--data-dir=${join(folder, "data")}`,
            `--listen-client-urls=${clientUrl}`,
            `--advertise-client-urls=${clientUrl}`,
            `--listen-peer-urls=${peerUrl}`,
            `--initial-advertise-peer-urls=${peerUrl}`,
            `--initial-cluster=${[...nodes.map((node) => `${node.id}=${node.peerUrl}`), `learner=${peerUrl}`].join(",")}`,
            "--initial-cluster-state=existing"
          ],
          { stdio: "ignore" }
        )
        return { folder, child }
      }),
      ({ child, folder }) =>
        Effect.promise(async () => {
          const ended = new Promise((resolve) => child.once("exit", resolve))
          if (child.exitCode === null && child.kill("SIGKILL")) await ended
          rmSync(folder, { recursive: true, force: true })
        })
    )
    yield* Effect.promise(() =>
      pollUntil(
        async () => {
          const { body } = await post(clientUrl, "/v3/maintenance/status", {})
          return body["isLearner"] === true ? undefined : JSON.stringify(body)
        },
        { timeoutMillis: 30_000 }
      )
    )
    return { id, url: clientUrl }
  })

/** A new cluster refuses until its members have been connected for a while. */
const addLearner = async (url: string, peerUrl: string): Promise<string> => {
  let id: string | undefined
  await pollUntil(
    async () => {
      const { body } = await post(url, "/v3/cluster/member/add", { peerURLs: [peerUrl], isLearner: true })
      id = (body["member"] as { readonly ID: string } | undefined)?.ID
      return id === undefined ? JSON.stringify(body) : undefined
    },
    { timeoutMillis: 30_000 }
  )
  return present(id)
}
