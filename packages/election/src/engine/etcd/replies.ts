/** The JSON that etcd's gateway answers with, decoded with bounds; only what the driver uses is looked at. */
import { Effect, Result, Schema } from "effect"

import { type GroupStatus, ProtocolViolation } from "../../ConsensusGroups.ts"

/** 64 bits as decimal text, which a JavaScript number would round. */
const Id = Schema.String.check(Schema.isPattern(/^\d{1,20}$/))
const Url = Schema.String.check(Schema.isMaxLength(512))

/** The gateway leaves out what is zero, empty or false. */
const StatusReply = Schema.Struct({
  header: Schema.Struct({ member_id: Id }),
  leader: Schema.optionalKey(Id),
  raftTerm: Schema.optionalKey(Id)
})
const decodeStatusReply = Schema.decodeUnknownResult(Schema.fromJsonString(StatusReply))

const MemberList = Schema.Struct({
  members: Schema.Array(
    Schema.Struct({
      ID: Id,
      name: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1024))),
      peerURLs: Schema.optionalKey(Schema.Array(Url).check(Schema.isMaxLength(100))),
      clientURLs: Schema.optionalKey(Schema.Array(Url).check(Schema.isMaxLength(100))),
      isLearner: Schema.optionalKey(Schema.Boolean)
    })
  ).check(Schema.isMaxLength(1000))
})
const decodeMemberList = Schema.decodeUnknownResult(Schema.fromJsonString(MemberList))

const TokenReply = Schema.Struct({
  token: Schema.NonEmptyString.check(Schema.isPattern(/^[\x21-\x7e]{1,8192}$/))
})
const decodeTokenReply = Schema.decodeUnknownResult(Schema.fromJsonString(TokenReply))

/** Where a member takes requests, as it says itself: http and https origins; none while it has not started. */
export interface MemberReading {
  readonly origins: ReadonlyArray<string>
}

/** What the status of the local member and its list of members say together. */
export interface EtcdReading {
  readonly status: GroupStatus
  /** By member id. */
  readonly members: ReadonlyMap<string, MemberReading>
}

/** Reads a token. */
export const decodeToken = (body: string): Effect.Effect<string, ProtocolViolation> =>
  Effect.map(decoded("/v3/auth/authenticate", decodeTokenReply(body)), ({ token }) => token)

/** The id of the member that answered `/v3/maintenance/status`. */
export const decodeMemberId = (body: string): Effect.Effect<string, ProtocolViolation> =>
  Effect.map(decoded("/v3/maintenance/status", decodeStatusReply(body)), ({ header }) => header.member_id)

/**
 * Reads `/v3/maintenance/status` and `/v3/cluster/member/list`. A member that was added and has not started votes already: it counts towards
 * the quorum, so it is a voter here, one that no probe reaches.
 */
export const decodeReading = Effect.fnUntraced(function* (
  group: string,
  statusBody: string,
  listBody: string
) {
  const {
    header,
    leader = "0",
    raftTerm = "0"
  } = yield* decoded("/v3/maintenance/status", decodeStatusReply(statusBody))
  const { members } = yield* decoded("/v3/cluster/member/list", decodeMemberList(listBody))
  const replicas = (learns: boolean) =>
    members
      .filter(({ isLearner = false }) => isLearner === learns)
      .map(({ ID, peerURLs = [] }) => ({ id: ID, address: hostOf(peerURLs[0]) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const status: GroupStatus = {
    group,
    self: header.member_id,
    leader: leader === "0" ? undefined : leader,
    term: Number(raftTerm),
    voters: replicas(false),
    nonVoters: replicas(true),
    electing: leader === "0"
  }
  const reading: EtcdReading = {
    status,
    members: new Map(
      members.map(({ ID, clientURLs = [] }) => [ID, { origins: clientURLs.flatMap(originOf) }])
    )
  }
  return reading
})

const hostOf = (url: string | undefined): string =>
  url !== undefined && URL.canParse(url) ? new URL(url).host : (url ?? "")

const originOf = (url: string): ReadonlyArray<string> =>
  /^https?:/.test(url) && URL.canParse(url) ? [new URL(url).origin] : []

const decoded = <A>(
  path: string,
  result: Result.Result<A, { readonly message: string }>
): Effect.Effect<A, ProtocolViolation> =>
  Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : Effect.fail(
        new ProtocolViolation({
          detail: `POST ${path}: ${result.failure.message.slice(0, 200).replaceAll(/\s+/gu, " ")}`
        })
      )
