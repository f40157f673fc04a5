/** `npm run trial:etcd [-- --scenario NAME ...] [--all] [--json] [--before 15] [--after 60]`: agents beside real etcd servers over a WAN; needs root and ip netns. */
import { etcdEngine } from "./trial/etcdEngine.ts"
import { trialCommand } from "./trial/trialCommand.ts"

await trialCommand(etcdEngine)
