/** Durations of the demo in ms, made for its longest round trip. */
import type { Latencies } from "./latencies.ts"

/** Everything that waits for an answer waits for longer than the longest round trip; a bid for votes waits for half a heartbeat. */
export const demoTiming = (latencies: Latencies) => {
  const longest = Math.max(0, ...Object.values(latencies).flatMap((row) => Object.values(row)))
  const memberHeartbeatMillis = Math.max(500, 3 * longest)
  return {
    groupHeartbeatMillis: 100,
    electionTimeoutMillis: Math.max(1000, 4 * longest),
    transferTimeoutMillis: Math.max(2000, 8 * longest),
    memberHeartbeatMillis,
    deadAfterMillis: 4 * memberHeartbeatMillis,
    leaseMillis: 4 * memberHeartbeatMillis,
    masterCooldownMillis: 5000,
    /** Long enough for what all nodes measured in one look to have reached the leader's agent at the next. */
    localityIntervalMillis: Math.max(2500, 10 * longest),
    localityCooldownMillis: 5000,
    answerTimeoutMillis: Math.max(2000, 4 * longest)
  }
}
