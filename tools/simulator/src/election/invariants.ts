/** What must hold in an election after every event, as named checks; the scripts of a broken rule show that they can fail. */

/** A node that believes it leads at this moment. */
export interface Leading {
  readonly id: string
  readonly token: number
}

/** A node that believes it leads, and until when it will without a further event, in real time. */
export interface LeadingUntil extends Leading {
  readonly untilMillis: number
}

/** Looks at all who lead after an event; returns what is wrong, or undefined. */
export type Invariant<L extends Leading = Leading> = (leading: ReadonlyArray<L>) => string | undefined

/** R2, R4: never two leaders. */
export const atMostOneLeader = (): Invariant => (leading) =>
  leading.length > 1 ? `${leading.map(({ id }) => id).join(" and ")} lead` : undefined

/** R10: a token belongs to one node for ever. */
export const oneOwnerPerToken = (): Invariant => {
  const owners = new Map<number, string>()
  return (leading) => {
    for (const { id, token } of leading) {
      const owner = owners.get(token)
      if (owner === undefined) owners.set(token, id)
      else if (owner !== id) return `${id} leads with token ${token} of ${owner}`
    }
    return undefined
  }
}

/** R6, R10: whoever leads, its token is never below one that led before. */
export const tokensNeverFall = (): Invariant => {
  let highest = 0
  return (leading) => {
    for (const { id, token } of leading) {
      if (token < highest) return `${id} leads with token ${token} after ${highest}`
      highest = token
    }
    return undefined
  }
}
