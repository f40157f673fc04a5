/** Why there is no WAN. */
import { Schema } from "effect"

/**
 * The emulator cannot run here. `NotSupported`: the machine lacks Linux, root, iproute2, ethtool or the
 * kernel's VXLAN device. `HubFailed`: the hub process could not make the namespaces, or ended.
 */
export class WanUnavailable extends Schema.TaggedError<WanUnavailable>()("WanUnavailable", {
  reason: Schema.Literals(["NotSupported", "HubFailed"]),
  /** What is missing, or what the hub said. */
  problem: Schema.String
}) {
  override get message(): string {
    return this.reason === "NotSupported"
      ? `no WAN emulator on this machine: ${this.problem}; it needs Linux, root, iproute2 and ethtool (npm run engines:install)`
      : `the WAN emulator's hub failed: ${this.problem}`
  }
}
