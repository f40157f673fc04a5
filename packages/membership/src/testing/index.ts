export type { ContractCase } from "./ContractCase.ts"
export { heartbeatsContract, HeartbeatsWorld } from "./heartbeatsContract.ts"
export {
  heartbeatTransportContract,
  sampleBeat,
  type TransportEndpoint,
  TransportWorld
} from "./heartbeatTransportContract.ts"
export { makeMemoryNetwork, type MemoryNetwork } from "./MemoryNetwork.ts"
export { membershipContract } from "./membershipContract.ts"
export { peerCallsContract, PeerCallsWorld } from "./peerCallsContract.ts"
export { makeSwimMemoryNetwork, type SwimMemoryNetwork } from "./SwimMemoryNetwork.ts"
export { makeFaultyTransport, type TransportFaults } from "./faultyTransport.ts"
export { swimTransportContract, SwimTransportWorld } from "./swimTransportContract.ts"
