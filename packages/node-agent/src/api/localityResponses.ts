/** What the API answers about where leaders sit: why, how far, and what if; see `responses.ts` for the conventions. */
import { GroupExplanation, GroupPlanReport } from "@coterie/locality"
import { Schema } from "effect"

const head = {
  /** The node that answers. */
  node: Schema.String,
  asOf: Schema.String
}

/** Why a group of the engine is led from where it is. */
export const ExplainGroupReport = Schema.Struct({
  schema: Schema.Literal("explain-group/v1"),
  ...head,
  explanation: GroupExplanation
})
/** Why a group of the engine is led from where it is. */
export type ExplainGroupReport = typeof ExplainGroupReport.Type

/** A link as the node at `from` measured it; one that nobody measured is in the report once, with bounds. */
export const RttLink = Schema.Struct({
  from: Schema.String,
  to: Schema.String,
  /** Median round trip; the middle between the bounds where it is estimated. */
  p50Ms: Schema.Finite,
  p90Ms: Schema.optional(Schema.Finite),
  /** Share of lost probes, 0 to 1. */
  loss: Schema.optional(Schema.Finite),
  /** Rounds of probes behind the values. */
  rounds: Schema.optional(Schema.Int),
  /** Since the newest value. */
  ageMs: Schema.optional(Schema.Finite),
  /** Too old or of too few rounds, so that decisions do not reckon with it. */
  unusable: Schema.Boolean,
  /** Both ends measured, and contradict each other. */
  asymmetric: Schema.Boolean,
  /** Nobody measured it: the triangles and coordinates of the other links bound it. */
  estimated: Schema.Boolean,
  loMs: Schema.optional(Schema.Finite),
  hiMs: Schema.optional(Schema.Finite)
})
/** A link between two places. */
export type RttLink = typeof RttLink.Type

/** Round trips between the places of replicas, as far as this node knows; empty with `locality.policy: nearestPeer`. */
export const RttReport = Schema.Struct({
  schema: Schema.Literal("rtt/v1"),
  ...head,
  /** Where replicas are, by the engine's address of them, and the replicas that are there; sorted. `zone` is that of the agent beside them. */
  places: Schema.Array(
    Schema.Struct({
      place: Schema.String,
      zone: Schema.optional(Schema.String),
      replicas: Schema.Array(Schema.String)
    })
  ),
  links: Schema.Array(RttLink)
})
/** Round trips between the places of replicas. */
export type RttReport = typeof RttReport.Type

/** What would be if: every group that is led here. */
export const LocalityPlanReport = Schema.Struct({
  schema: Schema.Literal("locality-plan/v1"),
  ...head,
  /** As they were given. */
  assumptions: Schema.Array(Schema.String),
  /** Names and zones that assumptions may use beside the ids of replicas. */
  nodes: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      zone: Schema.optional(Schema.String),
      replicas: Schema.Array(Schema.String)
    })
  ),
  groups: Schema.Array(GroupPlanReport)
})
/** What would be if. */
export type LocalityPlanReport = typeof LocalityPlanReport.Type
