/** Option fields of the elections by lease, and the rule that keeps two clocks from making two leaders. */
import { Duration, Effect, Schema } from "effect"

/** A duration with a default in ms. */
export const duration = (millis: number) =>
  Schema.DurationFromString.pipe(
    Schema.withDecodingDefaultTypeKey(Effect.succeed(Duration.millis(millis))),
    Schema.withConstructorDefault(Effect.succeed(Duration.millis(millis)))
  )

/** How far the rate of any clock may be from true, as a fraction. Default 0.025; 0 to 0.1. */
export const drift = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.1 })).pipe(
  Schema.withDecodingDefaultTypeKey(Effect.succeed(0.025)),
  Schema.withConstructorDefault(Effect.succeed(0.025))
)

/** The guard in ms; 5 % of the lease when none is set, which suits the default `drift`. */
export const guardMillisOf = (lease: Duration.Duration, guard: Duration.Duration | undefined): number =>
  Duration.toMillis(guard ?? Duration.times(lease, 0.05))

/**
 * What is wrong with a lease of this name, if anything. A slow clock at the holder and a fast one at the other end part by 2 x drift / (1 +
 * drift) of the lease: the holder must stop by that much earlier.
 */
export const leaseProblem = (
  name: string,
  times: { readonly leaseMillis: number; readonly guardMillis: number; readonly drift: number }
): string | undefined => {
  const { drift, guardMillis, leaseMillis } = times
  if (!(leaseMillis >= 500 && leaseMillis <= 86_400_000)) return `${name} must be 500 ms to 1 day`
  const leastMillis = (leaseMillis * 2 * drift) / (1 + drift)
  return guardMillis < leastMillis
    ? `guard must be at least ${name} x 2 x drift / (1 + drift), here ${Math.ceil(leastMillis)} ms, or two clocks may drift apart by more`
    : undefined
}
