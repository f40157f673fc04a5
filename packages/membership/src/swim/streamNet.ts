/** What both directions of streams need of their node. */
import type { Effect, Fiber } from "effect"

import type { SwimEvent, SwimState } from "../core/swim/swimState.ts"
import type { PeerRefused } from "../Swim.ts"
import type { SwimTransport } from "../SwimTransport.ts"
import type { FrameTrust, Refused } from "./frameTrust.ts"
import type { SwimCalls } from "./swimCalls.ts"

/** Why a stream was closed by this node, besides refusals of frames; `unproven`: its opener did not prove itself within 2 s. */
export type StreamFault = "too_many" | "too_long" | "unproven" | "unexpected"

/** A node as its streams see it. */
export interface StreamNet {
  readonly state: SwimState
  readonly trust: FrameTrust
  readonly transport: SwimTransport["Service"]
  readonly turn: (event: SwimEvent) => void
  /** Where calls and their answers go. */
  readonly calls: () => Pick<SwimCalls, "hear" | "bytesMax">
  /** Runs an effect in the scope of the node. */
  readonly run: <A>(effect: Effect.Effect<A>) => Fiber.Fiber<A>
  /** Counts a frame that was dropped. */
  readonly countRefused: (refused: Refused) => void
  /** Tells of somebody whom this node does not let in. */
  readonly peerRefused: (refused: PeerRefused) => void
  /** Counts a stream that this node closed. */
  readonly countFault: (fault: StreamFault) => void
}

/** How long a stream stays open for the closing push after its answer, in ms: a join first makes sure that its name is free. */
export const lingerMillis = ({ options }: SwimState): number => 3 * options.probeTimeoutMillis + 1000
