export type { ContractCase } from "./ContractCase.ts"
export {
  heartbeatTransportContract,
  sampleBeat,
  type TransportEndpoint,
  TransportWorld
} from "./heartbeatTransportContract.ts"
export { makeMemoryNetwork, type MemoryNetwork } from "./MemoryNetwork.ts"
export { membershipContract } from "./membershipContract.ts"
