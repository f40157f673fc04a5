/** A wide area network between network namespaces of one machine, for tests and trials. */
export { type LinkChange, type LinkCondition } from "./hub/link.ts"
export { type LinkStats } from "./hub/protocol.ts"
export { startWan, type Wan, type WanNode, type WanOptions } from "./Wan.ts"
export { WanUnavailable } from "./WanUnavailable.ts"
