/**
 * The membership port: who is in the cluster and who is alive, as this node sees it.
 *
 * Views are local and eventually consistent: two nodes may disagree for a while. Nothing here elects anybody.
 */
import { Context, type Effect, Schema, type Stream } from "effect"

/** Unique name of a node, compared byte-wise; 1 to 128 printable ASCII characters. */
export const NodeId = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/, {
    message: "a node id is 1 to 128 printable ASCII characters without spaces"
  })
)
/** Unique name of a node. */
export type NodeId = typeof NodeId.Type

/** Liveness of a member: `suspect` is doubted but not yet given up, `left` has said goodbye. */
export const MemberState = Schema.Literals(["alive", "suspect", "dead", "left"])
/** Liveness of a member as this node sees it. */
export type MemberState = typeof MemberState.Type

/**
 * Labels of a member: at most 32, keys of 1 to 64 characters starting with a letter, values of at most 256.
 */
export const Metadata = Schema.Record(Schema.String, Schema.String.check(Schema.isMaxLength(256))).check(
  Schema.isMaxProperties(32),
  Schema.makeFilter(
    (labels) =>
      Object.keys(labels).every((key) => /^[A-Za-z][\w.:/-]{0,63}$/.test(key)) ||
      "a label's key is 1 to 64 letters, digits and _.:/- and starts with a letter"
  )
)
/** Labels of a member. */
export type Metadata = typeof Metadata.Type

/** One member of the cluster as this node sees it. */
export interface Member {
  readonly id: NodeId
  /** Where peers reach it, in the form of the transport (a URL for HTTP); undefined until learned. */
  readonly address: string | undefined
  readonly state: MemberState
  /** Monotonic local time in ms at which `state` was entered; only differences on this node mean anything. */
  readonly sinceMillis: number
  /** Free-form labels published by the member, such as its zone. */
  readonly metadata: Metadata
}

/**
 * What happened to a member: `updated` means other labels or another address, `restarted` another process under the name, which
 * `HeartbeatMembership` and `StaticMembership` show as one of the others.
 */
export type MembershipChangeKind =
  | "joined"
  | "updated"
  | "restarted"
  | "suspected"
  | "recovered"
  | "failed"
  | "left"

/** A change of one member; those of one member arrive in order. */
export interface MembershipChange {
  readonly kind: MembershipChangeKind
  readonly member: Member
  /** State before, or undefined when the member is new. */
  readonly previous: MemberState | undefined
  /** Why, in one clause for a person, such as "no heartbeat for 4.0 s". */
  readonly reason: string
}

/** The labels do not fit the bounds of `Metadata`. */
export class MetadataInvalid extends Schema.TaggedError<MetadataInvalid>()("MetadataInvalid", {
  detail: Schema.String
}) {
  override get message(): string {
    return `metadata refused: ${this.detail}`
  }
}

/** No seed address answered. */
export class JoinFailed extends Schema.TaggedError<JoinFailed>()("JoinFailed", {
  addresses: Schema.Array(Schema.String),
  detail: Schema.String
}) {
  override get message(): string {
    return `could not join through ${this.addresses.join(", ")}: ${this.detail}`
  }
}

/** Who is here and who is alive. */
export class Membership extends Context.Service<
  Membership,
  {
    /** This node's id. */
    readonly self: NodeId
    /** Every known member, self included, sorted by id. */
    readonly members: Effect.Effect<ReadonlyArray<Member>>
    /** Transitions from now on, in order per member; a slow reader never slows the protocol. */
    readonly changes: Stream.Stream<MembershipChange>
    /**
     * Contacts the addresses once and returns how many members answered. Fails with `JoinFailed` when none
     * did.
     */
    join(addresses: ReadonlyArray<string>): Effect.Effect<number, JoinFailed>
    /**
     * Says goodbye: peers see this node as `left` rather than `dead`. A later `join` comes back as a new run.
     */
    readonly leave: Effect.Effect<void>
    /**
     * Replaces this node's labels and spreads them. Fails with `MetadataInvalid` when they exceed the bounds.
     */
    setMetadata(metadata: Metadata): Effect.Effect<void, MetadataInvalid>
  }
>()("@coterie/membership/Membership") {}
