/**
 * What JetStream's answers mean. `err_code` tells, not `code`, which is an HTTP status of sorts.
 *
 * Read in nats-server 2.15, measured on 2.9.10, 2.10.27 and 2.15.1.
 */

/** The `error` of a JetStream answer. */
export interface JetStreamError {
  readonly code: number
  readonly err_code?: number | undefined
  readonly description?: string | undefined
}

/** What an error stands for. */
export interface NatsFailure {
  readonly _tag:
    | "UnknownGroup"
    | "NotLeader"
    | "UnknownTarget"
    | "NotEligible"
    | "AlreadyLeader"
    | "Unsupported"
    | "Unavailable"
    | "ProtocolViolation"
  readonly detail: string
}

/** Reads an error; `subject` is what was asked. */
export const natsFailure = (subject: string, error: JetStreamError): NatsFailure => {
  const description = (error.description ?? "").slice(0, 200).replaceAll(/[\p{Cc}\s]+/gu, " ")
  const detail = `${subject} answered ${error.code}/${error.err_code ?? "-"} ${description}`.trim()
  const known = error.err_code === noPeers ? transferee(description) : tagOfCode[error.err_code ?? 0]
  return { _tag: known ?? (error.code === 503 ? "Unavailable" : "ProtocolViolation"), detail }
}

/** One code for everything that keeps a server from taking over. */
const noPeers = 10_005

const transferee = (description: string): NatsFailure["_tag"] => {
  if (description.includes("is already leader")) return "AlreadyLeader"
  return description.includes("not known") ? "UnknownTarget" : "NotEligible"
}

const tagOfCode: Readonly<Record<number, NatsFailure["_tag"]>> = {
  // Before 2.11, any placement in a step-down.
  10_003: "Unsupported",
  // No leader, or not all of JetStream is up yet.
  10_008: "Unavailable",
  10_009: "NotLeader",
  // This server is not clustered.
  10_010: "Unsupported",
  10_014: "UnknownGroup",
  // JetStream is off for the account, or altogether.
  10_039: "Unsupported",
  // Raft itself failed.
  10_041: "Unavailable",
  10_059: "UnknownGroup",
  10_076: "Unsupported"
}

/** Whether a failure leaves open what happened to leadership, so that only a look at who leads can tell. */
export const isUncertain = ({ _tag }: NatsFailure): boolean =>
  _tag === "Unavailable" || _tag === "ProtocolViolation"

/** Whether a server version such as `2.15.1` obeys the target of a step-down: 2.11 and newer. A version that cannot be read counts as new. */
export const obeysTarget = (version: string): boolean => {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  return major === undefined || Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 11)
}

/** How the leader sees a replica. */
export interface ReplicaHealth {
  readonly isCurrent: boolean
  readonly isOffline: boolean
  /** Since the leader last heard from it; undefined when it cannot tell. */
  readonly silentMillis: number | undefined
}

/** Silence after which a JetStream leader no longer counts on a replica: it would say yes, and hand over to another one or to nobody. */
const lostMillis = 3000

/** Why the leader does not reach a replica; undefined when it does. */
export const lostContact = ({ isOffline, silentMillis }: ReplicaHealth): string | undefined => {
  if (isOffline) return "its leader calls it offline"
  return silentMillis !== undefined && silentMillis > lostMillis
    ? `its leader has not heard from it for ${Math.round(silentMillis)} ms`
    : undefined
}

/** Why a replica should not lead now; undefined when it may. */
export const unfitToLead = (health: ReplicaHealth): string | undefined =>
  lostContact(health) ?? (health.isCurrent ? undefined : "it is behind its leader")
