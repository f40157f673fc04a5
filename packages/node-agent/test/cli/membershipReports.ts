/** Samples of what the API tells about members on SWIM, their keys, and events. */
import { Schema } from "effect"

import { StreamedEvent } from "../../src/api/AgentApi.ts"
import { KeyringChangeReport, KeyringReport } from "../../src/api/keyringResponses.ts"
import { EventsReport, MembersReport } from "../../src/api/responses.ts"
import { decisions } from "./reports.ts"

const at = "2026-01-02T03:04:05.678Z"
const [oldKey, newKey] = ["0f3c9a2b", "c41d77e0"]

const transferred = decisions.find(({ action }) => action._tag === "Transfer")

/** Events of each kind, and a gap, as they are streamed. */
export const streamedEvents: ReadonlyArray<StreamedEvent> = [
  { _tag: "gap", after: 7, next: 100 },
  { _tag: "member", id: 100, at, change: "joined", member: "n2", to: "alive", reason: "announced itself" },
  {
    _tag: "member",
    id: 101,
    at,
    change: "suspected",
    member: "n3",
    from: "alive",
    to: "suspect",
    reason: "suspected by n1: direct and 1 indirect probe failed, 1 of 1 helpers heard nothing either"
  },
  {
    _tag: "member",
    id: 102,
    at,
    change: "updated",
    member: "n2",
    from: "alive",
    to: "alive",
    reason: "changed what it says of itself"
  },
  { _tag: "notice", id: 103, at, notice: "Stalled", reason: "this process stood still for 812 ms" },
  { _tag: "leader", id: 104, at, leader: "n1", term: 4 },
  { _tag: "leader", id: 105, at, term: 4 },
  ...(transferred === undefined ? [] : [{ _tag: "locality", id: 106, at, decision: transferred } as const])
]

/** A report of each kind, by its schema's name. */
export const membershipReports = {
  "members-wide": {
    schema: "members/v1",
    node: "n1",
    asOf: at,
    members: [
      {
        id: "n1",
        self: true,
        state: "alive",
        sinceMs: 93_784_000,
        leader: true,
        zone: "eu-1a",
        address: "10.0.0.1:7481",
        tags: { disk: "nvme" },
        version: "0.1.0",
        reach: "reachable",
        generation: 1_767_323_045_678,
        incarnation: 0,
        reason: "announced itself, incarnation 0"
      },
      {
        id: "n2",
        self: false,
        state: "suspect",
        sinceMs: 1200,
        leader: false,
        address: "10.0.0.2:7481",
        tags: {},
        version: "0.1.0",
        reach: "unreachable",
        generation: 7,
        incarnation: 3,
        rttMs: 12.345,
        reason: "suspected by n3: direct and 3 indirect probes failed, 3 of 3 helpers heard nothing either",
        suspicion: { by: "n3", confirmedBy: ["n1", "n4"], leftMs: 2800 }
      },
      { id: "n3", self: false, state: "alive", sinceMs: 420, leader: false, tags: {} }
    ]
  } satisfies MembersReport,
  keyring: {
    schema: "keyring/v1",
    node: "n1",
    asOf: at,
    complete: false,
    rings: [
      {
        node: "n1",
        state: "alive",
        keys: [
          { keyId: oldKey, primary: false },
          { keyId: newKey, primary: true }
        ]
      },
      { node: "n2", state: "alive", keys: [{ keyId: oldKey, primary: true }] },
      { node: "n3", state: "dead", detail: "is dead and was not asked" },
      { node: "n4", state: "suspect", detail: "did not answer (timeout): no answer within 1500 ms" }
    ]
  } satisfies KeyringReport,
  "keyring-change": {
    schema: "keyring-change/v1",
    node: "n1",
    asOf: at,
    action: "install",
    keyId: newKey,
    complete: false,
    rings: [
      {
        node: "n1",
        state: "alive",
        keys: [
          { keyId: oldKey, primary: true },
          { keyId: newKey, primary: false }
        ]
      },
      {
        node: "n2",
        state: "alive",
        keys: [{ keyId: oldKey, primary: true }],
        detail: "the key ring holds 16 keys already; remove one that is no longer used"
      },
      { node: "n3", state: "dead", detail: "is dead and was not asked" }
    ]
  } satisfies KeyringChangeReport,
  events: {
    schema: "events/v1",
    node: "n1",
    events: streamedEvents.flatMap((event) => (event._tag === "gap" ? [] : [event]))
  } satisfies EventsReport
}

/** Each report as the API and `--json` write it. */
export const membershipAsJson = {
  "members-wide": () => Schema.encodeSync(MembersReport)(membershipReports["members-wide"]),
  keyring: () => Schema.encodeSync(KeyringReport)(membershipReports.keyring),
  "keyring-change": () => Schema.encodeSync(KeyringChangeReport)(membershipReports["keyring-change"]),
  events: () => Schema.encodeSync(EventsReport)(membershipReports.events),
  "events-streamed": () => streamedEvents.map((event) => Schema.encodeSync(StreamedEvent)(event))
}
