/**
 * What the HTTP answers of etcd's JSON gateway mean. The gRPC code and the message in the body tell, not the HTTP status: etcd 3.4 says 412
 * where 3.5 says 400, and 3.4 has an `error` field beside `message`.
 *
 * Read in etcd 3.4 to 3.7-dev, measured on 3.4.23 and 3.5.16.
 */

/** An HTTP answer. */
export interface EtcdAnswer {
  readonly status: number
  readonly body: string
}

/** Why an answer is no success. */
export interface EtcdFailure {
  readonly _tag:
    | "Unauthorized"
    | "Unsupported"
    | "Unavailable"
    | "ProtocolViolation"
    /** There is no token, or etcd does not know it any more: authenticate again. */
    | "TokenRefused"
    /** There is nothing to authenticate for. */
    | "AuthDisabled"
    | "NotLeader"
    /** The target is no member, or has no vote. */
    | "BadTransferee"
    /** The target did not take over before etcd stopped waiting. */
    | "TransferTimeout"
  readonly detail: string
}

/** The failure that an answer stands for; undefined when it is a success, whose body is still to be decoded. */
export const etcdFailure = (path: string, answer: EtcdAnswer): EtcdFailure | undefined => {
  if (answer.status === 200) return undefined
  const detail = `POST ${path} answered ${describe(answer)}`
  const error = readError(answer.body)
  return error === undefined ? bareFailure(answer.status, detail) : { _tag: tagOf(error), detail }
}

/** Whether a failure leaves open what happened to leadership, so that only a look at who leads can tell. */
export const isUncertain = ({ _tag }: EtcdFailure): boolean =>
  _tag === "TransferTimeout" || _tag === "ProtocolViolation" || _tag === "Unavailable"

interface GatewayError {
  readonly code: number
  readonly message: string
}

const readError = (body: string): GatewayError | undefined => {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed !== "object" || parsed === null) return undefined
    if (!("code" in parsed) || typeof parsed.code !== "number") return undefined
    const message = "message" in parsed && typeof parsed.message === "string" ? parsed.message : ""
    return { code: parsed.code, message }
  } catch {
    return undefined
  }
}

/** Messages that say more than their code does. */
const messages: ReadonlyArray<readonly [RegExp, EtcdFailure["_tag"]]> = [
  [/: not leader$/, "NotLeader"],
  [/bad leader transferee/, "BadTransferee"],
  [/leader transfer took too long/, "TransferTimeout"],
  [/authentication is not enabled/, "AuthDisabled"],
  [/invalid auth token|user name is empty|revision of auth store is old/, "TokenRefused"],
  [/authentication failed|permission denied/, "Unauthorized"]
]

/** gRPC's codes, where one says more than that something is odd. */
const codes: Readonly<Record<number, EtcdFailure["_tag"]>> = {
  4: "Unavailable",
  7: "Unauthorized",
  8: "Unavailable",
  12: "Unsupported",
  14: "Unavailable",
  16: "TokenRefused"
}

const tagOf = ({ code, message }: GatewayError): EtcdFailure["_tag"] =>
  messages.find(([pattern]) => pattern.test(message))?.[1] ?? codes[code] ?? "ProtocolViolation"

/** An answer without a gRPC code: no gateway, an old one, or a proxy in between. */
const bareFailure = (status: number, detail: string): EtcdFailure => {
  if (status === 401 || status === 403) return { _tag: "Unauthorized", detail }
  if (status === 404 || status === 405) {
    return { _tag: "Unsupported", detail: `${detail}; the JSON gateway of etcd 3.4 or newer is needed` }
  }
  if (status === 502 || status === 503 || status === 504) return { _tag: "Unavailable", detail }
  return { _tag: "ProtocolViolation", detail }
}

/** Status and the beginning of the body in one line, without control characters. */
const describe = ({ body, status }: EtcdAnswer): string => {
  const text = body
    .slice(0, 400)
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .trim()
  return `${status} ${text.length > 160 ? `${text.slice(0, 160)}…` : text}`.trim()
}
