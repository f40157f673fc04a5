export { type ContractCase, ContractViolation } from "./ContractCase.ts"
export { controlStoreContract } from "./controlStoreContract.ts"
export { dispatchState, migrationDispatcherContract } from "./migrationDispatcherContract.ts"
export { layerRecordingDispatcher } from "./recordingDispatcher.ts"
