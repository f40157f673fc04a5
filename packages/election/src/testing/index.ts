export { electionContract } from "./electionContract.ts"
export { type ElectionContractCase, ElectionContractBroken } from "./electionScenario.ts"
export { ElectionWorld } from "./ElectionWorld.ts"
export { consensusGroupsContract, type ConsensusGroupsCase } from "./consensusGroupsContract.ts"
export { GroupsContractBroken } from "./groupsScenario.ts"
export { GroupsWorld } from "./GroupsWorld.ts"
export { type RqliteFake, startRqliteFake } from "./rqliteFake.ts"
export {
  type FakeRequest,
  type FakeTransfer,
  type Misbehaviour,
  type RqliteFakeOptions
} from "./rqliteFakeState.ts"
export { type FaultyLeaseStore, type LeaseStoreFault, makeFaultyLeaseStore } from "./faultyLeaseStore.ts"
export { leaseStoreContract, LeaseStoreContractBroken, type LeaseStoreCase } from "./leaseStoreContract.ts"
export {
  promiseStoreContract,
  PromiseStoreContractBroken,
  type PromiseStoreCase
} from "./promiseStoreContract.ts"
