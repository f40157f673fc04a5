/** What the API answers about keys; see `responses.ts` for the conventions. Keys themselves are in no answer. */
import { MemberState } from "@coterie/membership"
import { Schema } from "effect"

import { HeldKey } from "../OwnKeyring.ts"

/** The ring of one member. */
const RingReport = Schema.Struct({
  node: Schema.String,
  state: MemberState,
  /** Absent for a member that is dead or did not answer. */
  keys: Schema.optional(Schema.Array(HeldKey)),
  /** Why there are no keys, or why the change was not made. */
  detail: Schema.optional(Schema.String)
})

const head = {
  /** The node that answers. */
  node: Schema.String,
  asOf: Schema.String,
  /** Every living member answered, and did what was asked. */
  complete: Schema.Boolean,
  /** All members that have not left, by id. */
  rings: Schema.Array(RingReport)
}

/** The keys of all members. */
export const KeyringReport = Schema.Struct({ schema: Schema.Literal("keyring/v1"), ...head })
/** The keys of all members. */
export type KeyringReport = typeof KeyringReport.Type

/** What became of a change of all rings. */
export const KeyringChangeReport = Schema.Struct({
  schema: Schema.Literal("keyring-change/v1"),
  action: Schema.Literals(["install", "use", "remove"]),
  keyId: Schema.String,
  ...head
})
/** What became of a change of all rings. */
export type KeyringChangeReport = typeof KeyringChangeReport.Type
