/**
 * The catalogue of engines: which program each one is, which variable overrides its place, and where
 * the installer gets it. Data only; imports nothing, so that the installer can use it on a bare clone.
 */

/** The engines that tests and trials can start. */
export type EngineName = "rqlite" | "etcd" | "nats" | "redis" | "postgres"

/** What is known of one engine's server program. */
export interface EngineProgram {
  /** File name of the server program. */
  readonly binary: string
  /** Environment variable that, when set, names the program's path and overrides every other place. */
  readonly variable: string
  /** Argument that makes the program print its version and end. */
  readonly versionArgument: string
  /** Debian package that brings it, where there is one. */
  readonly debianPackage?: string
  /** Whether the Go tools module (`go/go.mod`) builds it; preferred over the Debian package. */
  readonly goTool: boolean
}

/** Every engine with its program. */
export const engines: Readonly<Record<EngineName, EngineProgram>> = {
  rqlite: { binary: "rqlited", variable: "RQLITED", versionArgument: "-version", goTool: true },
  etcd: {
    binary: "etcd",
    variable: "ETCD",
    versionArgument: "--version",
    debianPackage: "etcd-server",
    goTool: false
  },
  nats: {
    binary: "nats-server",
    variable: "NATS_SERVER",
    versionArgument: "--version",
    debianPackage: "nats-server",
    goTool: true
  },
  redis: {
    binary: "redis-server",
    variable: "REDIS_SERVER",
    versionArgument: "--version",
    debianPackage: "redis-server",
    goTool: false
  },
  postgres: {
    binary: "postgres",
    variable: "POSTGRES",
    versionArgument: "--version",
    debianPackage: "postgresql",
    goTool: false
  }
}

/** The engines' names, in the order the installer reports them. */
export const engineNames: ReadonlyArray<EngineName> = ["rqlite", "etcd", "nats", "redis", "postgres"]
