/** How long the secret of echoes over UDP must be. */
import { Redacted } from "effect"

/** What is wrong with a secret that is too short. */
export const shortProbeKey = "needs 16 characters or more"

/** Whether the secret is too short for `UdpEchoProbe`. */
export const isShortProbeKey = (key: Redacted.Redacted): boolean => Redacted.value(key).length < 16
