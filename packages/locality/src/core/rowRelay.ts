/**
 * How a report travels in parts over messages that may be lost, repeated or late.
 *
 * The sender repeats the part that the receiver asked for last. A report counts when all its parts are there; until then the one before it
 * does. Reports are told apart by (epoch, seq): the highest wins, so an echo of an old run never replaces a newer report.
 */

/** Names a report of one sender: `epoch` rises with each run of the sender, `seq` with each report of a run. */
export interface Version {
  readonly epoch: number
  readonly seq: number
}

/** One part of a report, or with `part` left out only its name. */
export interface RelayMessage<Part> extends Version {
  /** How many parts the report has. */
  readonly total: number
  readonly part?: { readonly index: number; readonly body: Part }
}

/** What the receiver has: all parts before `next` of the report of this name. */
export interface RelayAnswer extends Version {
  readonly next: number
}

/** The reports of one sender at the receiver. */
export interface RelayInbox<Part> {
  /** The newest report, complete or growing. */
  readonly newest: (Version & { readonly total: number; readonly parts: ReadonlyArray<Part> }) | undefined
  /** The newest complete report. */
  readonly complete: ReadonlyArray<Part> | undefined
}

/** Nothing was received yet. */
export const emptyInbox: RelayInbox<never> = { newest: undefined, complete: undefined }

/** Whether the first names a newer report than the second. */
const isNewer = (one: Version, other: Version): boolean =>
  one.epoch > other.epoch || (one.epoch === other.epoch && one.seq > other.seq)

/** Takes a message in and says what to answer. */
export const receive = <Part>(
  inbox: RelayInbox<Part>,
  message: RelayMessage<Part>
): readonly [RelayInbox<Part>, RelayAnswer] => {
  const { epoch, part, seq, total } = message
  if (inbox.newest !== undefined && isNewer(inbox.newest, message)) return [inbox, answerOf(inbox.newest)]
  const known =
    inbox.newest !== undefined && !isNewer(message, inbox.newest)
      ? inbox.newest
      : { epoch, seq, total, parts: [] }
  const isNext = part !== undefined && part.index === known.parts.length && part.index < known.total
  const newest = isNext ? { ...known, parts: [...known.parts, part.body] } : known
  const complete = newest.parts.length === newest.total ? newest.parts : inbox.complete
  return [{ newest, complete }, answerOf(newest)]
}

const answerOf = ({
  epoch,
  parts,
  seq
}: Version & { readonly parts: ReadonlyArray<unknown> }): RelayAnswer => ({
  epoch,
  seq,
  next: parts.length
})

/** The part to send next to a receiver that answered this last; undefined when it has everything. */
export const nextPart = (
  { epoch, seq, total }: Version & { readonly total: number },
  answered: RelayAnswer | undefined
): number | undefined => {
  const next = answered?.epoch === epoch && answered.seq === seq ? answered.next : 0
  return next < total ? next : undefined
}

/** The epoch to go on with: above the receiver's when it remembers a later run, as after a restart with a clock that was set back. */
export const epochAfter = (epoch: number, answered: RelayAnswer): number =>
  answered.epoch > epoch && Number.isSafeInteger(answered.epoch + 1) ? answered.epoch + 1 : epoch
