/** When a node was heard of: the rules of contact that the election strategies share (Q1, Q2). */

/** Contact with one node, in monotonic ms. */
export interface Contact {
  readonly lastSeenMillis: number
  /** Start of the current streak of contact. */
  readonly liveSinceMillis: number
}

/** Q1: contact after more than `deadAfterMillis` of silence starts a new streak; silence of exactly that long does not. */
export const contact = (known: Contact | undefined, nowMillis: number, deadAfterMillis: number): Contact => {
  const unbroken = known !== undefined && nowMillis - known.lastSeenMillis <= deadAfterMillis
  return { lastSeenMillis: nowMillis, liveSinceMillis: unbroken ? known.liveSinceMillis : nowMillis }
}

/** Q2: whether the last contact is recent. Silence of exactly `deadAfterMillis` is death. */
export const isLive = (known: Contact | undefined, nowMillis: number, deadAfterMillis: number): boolean =>
  known !== undefined && known.lastSeenMillis > nowMillis - deadAfterMillis
