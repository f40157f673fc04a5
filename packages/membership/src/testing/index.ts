export type { ContractCase } from "./ContractCase.ts"
export {
  heartbeatTransportContract,
  sampleBeat,
  type TransportEndpoint,
  TransportWorld
} from "./heartbeatTransportContract.ts"
export { makeMemoryNetwork, type MemoryNetwork } from "./MemoryNetwork.ts"
export { membershipContract } from "./membershipContract.ts"
export { makeSwimMemoryNetwork, type SwimMemoryNetwork } from "./SwimMemoryNetwork.ts"
export { makeFaultyTransport, type TransportFaults } from "./faultyTransport.ts"
export { swimTransportContract, SwimTransportWorld } from "./swimTransportContract.ts"
