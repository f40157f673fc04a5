/** Durations of the demo in ms, made for its longest round trip. */
import type { Latencies } from "./latencies.ts"

/** Everything that waits for an answer waits for at least twice the longest round trip. */
export const demoTiming = (latencies: Latencies) => {
  const longest = Math.max(0, ...Object.values(latencies).flatMap((row) => Object.values(row)))
  const memberHeartbeatMillis = Math.max(500, 2 * longest)
  return {
    groupHeartbeatMillis: 100,
    electionTimeoutMillis: Math.max(1000, 4 * longest),
    transferTimeoutMillis: Math.max(2000, 8 * longest),
    memberHeartbeatMillis,
    deadAfterMillis: 4 * memberHeartbeatMillis,
    masterCooldownMillis: 5000,
    /** Long enough for the first leader to be measured before the first look at where it sits. */
    localityIntervalMillis: 4000,
    localityCooldownMillis: 5000,
    answerTimeoutMillis: Math.max(2000, 4 * longest)
  }
}
