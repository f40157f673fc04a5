/** Keys as lines for people: by their ids, never themselves. */
import type { KeyringChangeReport, KeyringReport } from "../api/keyringResponses.ts"
import type { Paint } from "./output.ts"
import { tableLines } from "./table.ts"

type Rings = KeyringReport["rings"]

const none = "-"
/** Nodes that are named in a cell; the rest is counted. */
const namesMax = 5

/** One line for each key: who seals with it, who holds it, who does not; below them who did not answer. */
export const describeKeyring = ({ rings }: KeyringReport, paint: Paint): ReadonlyArray<string> => {
  const answered = rings.filter(({ keys }) => keys !== undefined)
  const holders = (keyId: string, isSealing: boolean) =>
    answered.filter(({ keys = [] }) => keys.some((key) => key.keyId === keyId && (key.primary || !isSealing)))
  const keyIds = [...new Set(answered.flatMap(({ keys = [] }) => keys.map(({ keyId }) => keyId)))]
  return [
    ...tableLines(
      ["KEY", "SEALS ON", "HELD BY", "MISSING ON"].map(paint.strong),
      keyIds.map((keyId) => {
        const holding = holders(keyId, false)
        const missing = answered.filter((ring) => !holding.includes(ring))
        return [
          keyId,
          `${holders(keyId, true).length} of ${answered.length}`,
          `${holding.length} of ${answered.length}`,
          missing.length === 0 ? none : paint.bad(namesOf(missing))
        ]
      })
    ),
    ...rings
      .filter(({ keys }) => keys === undefined)
      .map(({ detail = "did not answer", node }) => `${paint.bad("!")} ${node} ${detail}`)
  ]
}

const namesOf = (rings: Rings): string =>
  rings
    .slice(0, namesMax)
    .map(({ node }) => node)
    .join(", ") + (rings.length > namesMax ? ` and ${rings.length - namesMax} more` : "")

const done = { install: "installed", use: "in use", remove: "removed" } as const

/** The key, and one line for each member: whether it did what was asked. */
export const describeKeyringChange = (
  { action, keyId, rings }: KeyringChangeReport,
  paint: Paint
): ReadonlyArray<string> => [
  `key ${keyId}`,
  ...tableLines(
    ["NODE", "ACK", "DETAIL"].map(paint.strong),
    rings.map(({ detail, node }) => [
      node,
      detail === undefined ? paint.good(done[action]) : paint.bad("no"),
      detail ?? none
    ])
  )
]
