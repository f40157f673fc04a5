/** The Raft groups of JetStream, their names here, and everything that is ever asked about them. */

/** The group that keeps the cluster's catalogue, a replicated stream, or a replicated consumer. */
export type NatsGroup =
  | { readonly _tag: "Meta" }
  | { readonly _tag: "Stream"; readonly stream: string }
  | { readonly _tag: "Consumer"; readonly stream: string; readonly consumer: string }

/** The group's name: `meta`, `stream/ORDERS` or `consumer/ORDERS/worker`. */
export const groupName = (group: NatsGroup): string => {
  switch (group._tag) {
    case "Meta":
      return "meta"
    case "Stream":
      return `stream/${group.stream}`
    case "Consumer":
      return `consumer/${group.stream}/${group.consumer}`
  }
}

/** The group of this name; undefined when no group can have it. */
export const parseGroup = (name: string): NatsGroup | undefined => {
  if (name === "meta") return { _tag: "Meta" }
  const [kind, stream = "", consumer, ...more] = name.split("/")
  if (!isAssetName(stream) || more.length > 0) return undefined
  if (kind === "stream" && consumer === undefined) return { _tag: "Stream", stream }
  if (kind !== "consumer" || consumer === undefined || !isAssetName(consumer)) return undefined
  return { _tag: "Consumer", stream, consumer }
}

/** Whether text can name a stream or consumer: one token of a subject, so that no name turns a request into another one. */
export const isAssetName = (text: string): boolean => /^[^\s.*>/\\\p{Cc}]{1,255}$/u.test(text)

/** Everything that the driver ever asks of JetStream; a call that changes a group's members cannot be written. */
export type NatsRequest =
  | { readonly _tag: "StreamList"; readonly offset: number }
  | { readonly _tag: "ConsumerList"; readonly stream: string; readonly offset: number }
  | { readonly _tag: "Info"; readonly group: Exclude<NatsGroup, { readonly _tag: "Meta" }> }
  /** The Raft state that one server has of a group; undefined stands for the system account. */
  | {
      readonly _tag: "RaftState"
      readonly serverId: string
      readonly account: string | undefined
      readonly raftGroup: string
    }
  /** The routes of one server, with their round trips. */
  | { readonly _tag: "Routes"; readonly serverId: string }
  /** Without `preferred`, which servers before 2.11 do not know, any healthy replica takes over. */
  | { readonly _tag: "StepDown"; readonly group: NatsGroup; readonly preferred: string | undefined }

/** A request as it goes out. */
export interface NatsMessage {
  /** Whose credentials it needs. */
  readonly account: "own" | "system"
  readonly subject: string
  readonly payload: string
}

/** Puts a request into a subject and a payload. */
export const encodeRequest = (request: NatsRequest): NatsMessage => {
  switch (request._tag) {
    case "StreamList":
      return own("$JS.API.STREAM.LIST", { offset: request.offset })
    case "ConsumerList":
      return own(`$JS.API.CONSUMER.LIST.${request.stream}`, { offset: request.offset })
    case "Info":
      return request.group._tag === "Stream"
        ? own(`$JS.API.STREAM.INFO.${request.group.stream}`)
        : own(`$JS.API.CONSUMER.INFO.${request.group.stream}.${request.group.consumer}`)
    case "RaftState": {
      const { account, raftGroup, serverId } = request
      const payload = JSON.stringify({ ...(account === undefined ? {} : { account }), group: raftGroup })
      return { account: "system", subject: `$SYS.REQ.SERVER.${serverId}.RAFTZ`, payload }
    }
    case "Routes":
      return { account: "system", subject: `$SYS.REQ.SERVER.${request.serverId}.ROUTEZ`, payload: "" }
    case "StepDown":
      return stepDown(request.group, request.preferred)
  }
}

const stepDown = (group: NatsGroup, preferred: string | undefined): NatsMessage => {
  const body = preferred === undefined ? undefined : { placement: { preferred } }
  switch (group._tag) {
    case "Meta":
      return { ...own("$JS.API.META.LEADER.STEPDOWN", body), account: "system" }
    case "Stream":
      return own(`$JS.API.STREAM.LEADER.STEPDOWN.${group.stream}`, body)
    case "Consumer":
      return own(`$JS.API.CONSUMER.LEADER.STEPDOWN.${group.stream}.${group.consumer}`, body)
  }
}

const own = (subject: string, body?: object): NatsMessage => ({
  account: "own",
  subject,
  payload: body === undefined ? "" : JSON.stringify(body)
})
