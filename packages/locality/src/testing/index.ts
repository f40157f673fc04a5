export { ContractViolation, rttProbeContract, type RttProbeWorld } from "./rttProbeContract.ts"
