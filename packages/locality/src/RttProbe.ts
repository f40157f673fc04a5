/**
 * The port that measures round trips from this node to the replicas of a group.
 *
 * One call is one sample: it never averages, and whoever wants a stable value takes the minimum of several.
 */
import { Context, Duration, Effect, Layer, Schema } from "effect"

/** A replica to measure. */
export interface ProbeTarget {
  readonly group: string
  /** The replica's id as its engine knows it. */
  readonly id: string
  /** host:port as the engine reports it; when it is empty the id is taken for the address. */
  readonly address: string
}

/** The sample could not be taken. */
export class ProbeFailed extends Schema.TaggedError<ProbeFailed>()("ProbeFailed", {
  id: Schema.String,
  address: Schema.String,
  /** `timeout`: silence; `refused`: somebody said no; `unreachable`: no way there; `invalidAddress`: not host:port; `engine`: the engine could not probe; `busy`: this process was too busy to time anything. */
  kind: Schema.Literals(["timeout", "refused", "unreachable", "invalidAddress", "engine", "busy"]),
  detail: Schema.String
}) {
  override get message(): string {
    return `no round trip to ${this.id} at ${this.address}: ${this.detail}`
  }
}

/** Round trips from this node, one sample a call. */
export class RttProbe extends Context.Service<
  RttProbe,
  {
    /**
     * Measures one round trip. Fails with `ProbeFailed` when the replica does not answer, always within the layer's own deadline.
     */
    measure(target: ProbeTarget): Effect.Effect<Duration.Duration, ProbeFailed>
  }
>()("@coterie/locality/RttProbe") {
  /**
   * Round trips read from a matrix in ms, by from and to; takes no time. A link that is given in one direction counts for both, a link
   * that is not given refuses, and `Infinity` is silence, reported at once as a timeout.
   */
  static readonly layerMemory = (
    self: string,
    matrix: Readonly<Record<string, Readonly<Record<string, number>>>>
  ): Layer.Layer<RttProbe> =>
    Layer.succeed(RttProbe, {
      measure: ({ id, address }) =>
        Effect.suspend(() => {
          const millis = matrix[self]?.[id] ?? matrix[id]?.[self]
          if (millis !== undefined && Number.isFinite(millis)) return Effect.succeed(Duration.millis(millis))
          const kind = millis === undefined ? "refused" : "timeout"
          return Effect.fail(
            new ProbeFailed({ id, address, kind, detail: `the matrix has no round trip from ${self}` })
          )
        })
    })
}
