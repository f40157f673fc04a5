/** What happened, as a line for people. */
import type { StreamedEvent } from "../api/AgentApi.ts"
import { describeAction } from "./describeAction.ts"
import { printable } from "./table.ts"

/** One event: when, of what kind, whom it concerns, what happened and why. */
export const describeEvent = (event: StreamedEvent): string => {
  const cells =
    event._tag === "gap"
      ? ["gap", "some events are not kept any more"]
      : [event.at, event._tag.padEnd(8), ...describeHappening(event)]
  return printable(cells.join("  "))
}

const describeHappening = (
  event: Exclude<StreamedEvent, { readonly _tag: "gap" }>
): ReadonlyArray<string> => {
  switch (event._tag) {
    case "member": {
      const { change, from, member, reason, to } = event
      return [member, `${from === undefined || from === to ? change : `${from} -> ${to}`}: ${reason}`]
    }
    case "notice":
      return [event.reason]
    case "leader":
      return event.leader === undefined
        ? ["nobody", `leads since term ${event.term} ended`]
        : [event.leader, `leads in term ${event.term}`]
    case "locality":
      return [event.decision.group, describeAction(event.decision.action)]
  }
}
