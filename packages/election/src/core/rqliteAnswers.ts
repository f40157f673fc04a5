/**
 * What rqlite's HTTP answers mean. Status codes alone do not tell: failures of a transfer are plain text behind a 500, or JSON behind a 200.
 *
 * Read in rqlite 8.36 to 10.3, measured on 8.43.4.
 */

/** An HTTP answer. */
export interface RqliteAnswer {
  readonly status: number
  readonly body: string
  /** The `Location` header of a redirect. */
  readonly location?: string | undefined
}

/** Why an answer is no success. */
export type RqliteFailure =
  | { readonly _tag: "Unauthorized"; readonly detail: string }
  | { readonly _tag: "Unsupported"; readonly detail: string }
  | { readonly _tag: "Unavailable"; readonly detail: string }
  | { readonly _tag: "ProtocolViolation"; readonly detail: string }

/** Why a transfer did not, or may not, have happened. */
export type RqliteTransferFailure =
  | RqliteFailure
  | { readonly _tag: "NotLeader" }
  | { readonly _tag: "UnknownTarget" }
  | { readonly _tag: "AlreadyLeader" }
  | { readonly _tag: "TransferInProgress" }
  /** The target did not take over within the election timeout. */
  | { readonly _tag: "TransferTimeout" }

/** The failure that the answer to a GET stands for; undefined when it is a success, whose body is still to be decoded. */
export const readFailure = (path: string, answer: RqliteAnswer): RqliteFailure | undefined => {
  const { status } = answer
  if (status === 200) return undefined
  const detail = `GET ${path} answered ${describe(answer)}`
  if (status === 401 || status === 403) return { _tag: "Unauthorized", detail }
  if (status === 500 || status === 503) return { _tag: "Unavailable", detail }
  return { _tag: "ProtocolViolation", detail }
}

/** The failure that the answer to `POST /leader?wait` stands for; undefined when rqlite says that the transfer ended well. */
export const transferFailure = (answer: RqliteAnswer): RqliteTransferFailure | undefined => {
  const { body, status } = answer
  const detail = `POST /leader answered ${describe(answer)}`
  if (/leadership transfer in progress/.test(body)) return { _tag: "TransferInProgress" }
  if (/leader not found/.test(body)) return { _tag: "Unavailable", detail }
  if (status === 200) return body.trim() === "" ? undefined : { _tag: "ProtocolViolation", detail }
  if (status >= 300 && status < 400) return { _tag: "NotLeader" }
  if (status === 401 || status === 403) return { _tag: "Unauthorized", detail }
  if (status === 404 || status === 405) {
    return { _tag: "Unsupported", detail: `${detail}; transfers to a named node need rqlite 8.41 or newer` }
  }
  if (status === 503) return { _tag: "Unavailable", detail }
  const known = status === 500 ? transferMessages.find(([pattern]) => pattern.test(body)) : undefined
  return known === undefined ? { _tag: "ProtocolViolation", detail } : { _tag: known[1] }
}

const transferMessages: ReadonlyArray<
  readonly [RegExp, "UnknownTarget" | "AlreadyLeader" | "TransferTimeout" | "NotLeader"]
> = [
  [/node not found in cluster/, "UnknownTarget"],
  [/cannot step ?down to the current leader|cannot transfer leadership to itself/i, "AlreadyLeader"],
  [/leadership transfer timeout/, "TransferTimeout"],
  [/not (the )?leader/, "NotLeader"]
]

/** Whether a failure leaves open what happened to leadership, so that only a look at who leads can tell. */
export const isUncertain = ({ _tag }: RqliteTransferFailure): boolean =>
  _tag === "TransferTimeout" || _tag === "ProtocolViolation"

/**
 * Whether a version such as `v8.43.4` obeys the target of a transfer: 8.41 and newer. 8.40 ignores it and picks any voter.
 * A version that cannot be read counts as new.
 */
export const obeysTarget = (version: string | undefined): boolean => {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? "") ?? []
  return major === undefined || Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 41)
}

/** Whether `time` of `GET /nodes` is a round trip in this version: from 10.2.7 on; before, it was taken before the call. Unreadable counts as old. */
export const timesNodes = (version: string | undefined): boolean => {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/
    .exec(version ?? "")
    ?.slice(1)
    .map(Number) ?? [0]
  const [major = 0, minor = 0, patch = 0] = parts
  return major > 10 || (major === 10 && (minor > 2 || (minor === 2 && patch >= 7)))
}

/** Status and the beginning of the body in one line, without control characters. */
const describe = ({ body, location, status }: RqliteAnswer): string => {
  const text = body
    .slice(0, 400)
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim()
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text
  return [String(status), location === undefined ? "" : `to ${location.slice(0, 160)}`, shown]
    .filter((part) => part !== "")
    .join(" ")
}
