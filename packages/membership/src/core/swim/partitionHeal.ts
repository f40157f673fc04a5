/** Finds the rest of the cluster again after a partition that both sides have taken for deaths, and seeds that came up late. */
import { openSync } from "./exchanges.ts"
import { pickSlots, recordAt, shownAs, slotOf } from "./memberTable.ts"
import type { SwimState, Turn } from "./swimState.ts"

/** Now and then tries a dead member: the more there are, the likelier. */
export const onHealDue = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  const { options, table } = state
  state.due.heal = nowMillis + options.healIntervalMillis
  if (state.phase !== "member" || random() >= table.dead / table.present) return
  const [slot] = pickSlots(
    table,
    1,
    random,
    (candidate) => shownAs(table, candidate) === "dead" && recordAt(table, candidate) !== undefined
  )
  const lost = slot === undefined ? undefined : table.records[slot]
  if (lost !== undefined) openSync(turn, lost.address, "heal")
}

/** Tries one seed that is not known to be alive. */
export const onSeedsDue = (turn: Turn): void => {
  const { nowMillis, random, state } = turn
  state.due.seeds = nowMillis + state.options.seedIntervalMillis
  if (state.phase !== "member") return
  const missing = state.seeds.filter((seed) => !isAlive(state, seed))
  const seed = missing[Math.floor(random() * missing.length)]
  if (seed !== undefined) openSync(turn, seed, "seed")
}

const isAlive = ({ seedIds, self, table }: SwimState, seed: string): boolean => {
  if (seed === self.address) return true
  const id = seedIds.get(seed)
  const slot = id === undefined ? undefined : slotOf(table, id)
  return slot !== undefined && shownAs(table, slot) === "alive"
}
