/**
 * Gates for suites that need something the machine may lack. Missing: one loud line and
 * `available: false`, for `describe.skipIf`. With `COTERIE_REQUIRE_ENGINES=1` a missing thing throws, so
 * that the suite's file fails.
 */
import { spawnSync } from "node:child_process"

import { type EngineName, engines } from "./Engine.ts"
import { locate, locateCommand } from "./locate.ts"

/** Whether the suite can run. */
export interface Gate {
  readonly available: boolean
}

/** What a suite may need besides engines. */
export type Capability = "root" | "network-namespaces"

/**
 * Whether the engine is installed; to be called once per suite:
 * `describe.skipIf(!requireEngine("rqlite", "driver").available)("driver", ...)`.
 */
export const requireEngine = (engine: EngineName, suite: string): Gate =>
  gate(locate(engine) === undefined ? `ENGINE MISSING: ${engines[engine].binary}` : undefined, suite)

/** Whether the machine can do something; like `requireEngine`. */
export const requireCapability = (capability: Capability, suite: string): Gate => {
  const missing = missingFor(capability)
  return gate(missing === undefined ? undefined : `CAPABILITY MISSING: ${capability} (${missing})`, suite)
}

/**
 * Why the machine lacks the capability; `undefined` when it has it. Network namespaces need Linux, root,
 * `ip` (iproute2), `ethtool` and the kernel's VXLAN devices; the last is tried in a throwaway namespace.
 */
export const missingFor = (capability: Capability): string | undefined => {
  switch (capability) {
    case "root":
      return missingForRoot()
    case "network-namespaces":
      return missingForNamespaces()
  }
}

const missingForRoot = (): string | undefined => (process.getuid?.() === 0 ? undefined : "needs root")

const missingForNamespaces = (): string | undefined => {
  if (process.platform !== "linux") return "Linux only"
  const root = missingForRoot()
  if (root !== undefined) return root
  const program = ["ip", "ethtool", "unshare"].find((name) => locateCommand(name) === undefined)
  if (program !== undefined) return `program "${program}" not found`
  const trial = "ip link add wanprobe type vxlan id 1 local 127.0.0.1 dstport 4789"
  const { status, stderr } = spawnSync(locateCommand("unshare") ?? "unshare", ["-n", "sh", "-c", trial], {
    encoding: "utf8"
  })
  return status === 0 ? undefined : `no VXLAN device: ${stderr.trim()}`
}

const gate = (missing: string | undefined, suite: string): Gate => {
  if (missing === undefined) return { available: true }
  const line = `${missing}: suite "${suite}"`
  if (process.env["COTERIE_REQUIRE_ENGINES"] === "1") {
    throw new Error(`${line} must run (COTERIE_REQUIRE_ENGINES=1); run npm run engines:install`)
  }
  console.error(`${line} skipped; run npm run engines:install`)
  return { available: false }
}
