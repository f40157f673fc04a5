/** `npm run trial:nats [-- --scenario NAME ...] [--all] [--json] [--before 15] [--after 60]`: agents beside real NATS servers over a WAN; needs root and ip netns. */
import { natsEngine } from "./trial/natsEngine.ts"
import { trialCommand } from "./trial/trialCommand.ts"

await trialCommand(natsEngine)
