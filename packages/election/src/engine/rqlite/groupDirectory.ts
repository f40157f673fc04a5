/** Which groups there are, and the local rqlite node of each: the configured ones, then the discovered ones. */
import { Effect, Ref } from "effect"

import { type Unavailable, UnknownGroup } from "../../ConsensusGroups.ts"
import { discoverGroups } from "./discoverGroups.ts"
import type { RqliteEndpoint } from "./RqliteClient.ts"
import type { RqliteOptions } from "./RqliteOptions.ts"

/** Groups by name. */
export interface GroupDirectory {
  /** Names as of now; discovery reads its records again. */
  readonly list: Effect.Effect<ReadonlyArray<string>, Unavailable>
  /** The group's local node. A name that the last `list` did not have is looked for once more. */
  readonly find: (name: string) => Effect.Effect<RqliteEndpoint, UnknownGroup | Unavailable>
}

/** Names that an error lists at most. */
const knownShown = 20

/** Makes the directory; it reads nothing before it is asked. */
export const makeGroupDirectory = (options: RqliteOptions): Effect.Effect<GroupDirectory> =>
  Effect.gen(function* () {
    const configured = new Map(
      options.groups.map(
        ({ auth = options.auth, name, tls = options.tls, url }): [string, RqliteEndpoint] => [
          name,
          { origin: new URL(url).origin, auth, tls }
        ]
      )
    )
    const current = yield* Ref.make<ReadonlyMap<string, RqliteEndpoint>>(configured)

    const refresh = Effect.gen(function* () {
      if (options.discovery === undefined) return configured
      const discovered = yield* discoverGroups(options.discovery)
      const groups = new Map([
        ...discovered.map(({ name, origin }): [string, RqliteEndpoint] => [
          name,
          { origin, auth: options.auth, tls: options.tls }
        ]),
        ...configured
      ])
      yield* Ref.set(current, groups)
      return groups
    })

    const find = Effect.fnUntraced(function* (name: string) {
      const endpoint = (yield* Ref.get(current)).get(name)
      if (endpoint !== undefined) return endpoint
      const groups = yield* refresh
      return groups.get(name) ?? (yield* new UnknownGroup({ known: [...groups.keys()].slice(0, knownShown) }))
    })

    return { list: Effect.map(refresh, (groups) => [...groups.keys()]), find }
  })
