/** `npm run trial:rqlite [-- --scenario NAME ...] [--all] [--json] [--before 15] [--after 60]`: agents beside real rqlite servers over a WAN; needs root and ip netns. */
import { rqliteEngine } from "./trial/rqliteEngine.ts"
import { trialCommand } from "./trial/trialCommand.ts"

await trialCommand(rqliteEngine)
