import { createRequire } from "node:module"

import { Schema } from "effect"

/** Version of this package, as published. */
export const version: string = Schema.decodeUnknownSync(Schema.Struct({ version: Schema.String }))(
  createRequire(import.meta.url)("@coterie/node-agent/package.json")
).version
