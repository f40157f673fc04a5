/** The cores that are fuzzed, by path until the package exports `./core/*`; then import them by name and delete this file. */

// @ts-expect-error TS2878: the path is right for sources only, from which this tool runs.
export * from "../../../../packages/membership/src/core/swim/memberRecord.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swim/messages.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swim/options.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swim/startSwim.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swim/swim.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swim/swimState.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swimWire/packetCodec.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swimWire/streamCodec.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swimWire/wireReader.ts"
// @ts-expect-error TS2878
export * from "../../../../packages/membership/src/core/swimWire/wireWriter.ts"
