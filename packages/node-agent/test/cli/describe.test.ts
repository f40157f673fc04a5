/** Golden files of what commands print: a change of them is a change that scripts and people see. `vitest run -u` rewrites them. */
import { describe, expect, it } from "@effect/vitest"

import {
  describeDecision,
  describeDecisions,
  describeGroups,
  describeMembers,
  describeMembersWide,
  describeStatus
} from "../../src/cli/describe.ts"
import { describeEvent } from "../../src/cli/describeEvent.ts"
import { describeKeyring, describeKeyringChange } from "../../src/cli/describeKeyring.ts"
import {
  describeExplanation,
  describeGroupTransfer,
  describeLeader,
  describeTransfer
} from "../../src/cli/describeLeadership.ts"
import { plain } from "../../src/cli/output.ts"
import { membershipAsJson, membershipReports, streamedEvents } from "./membershipReports.ts"
import { asJson, decisions, reports } from "./reports.ts"

const tables = {
  status: describeStatus(reports.status, plain),
  members: describeMembers(reports.members, plain),
  leader: describeLeader(reports.leader),
  nobody: describeLeader(reports.nobody),
  transfer: describeTransfer(reports.transfer),
  "group-transfer": describeGroupTransfer(reports["group-transfer"]),
  "explain-leader": describeExplanation(reports["explain-leader"], plain),
  groups: describeGroups(reports.groups, plain),
  decisions: describeDecisions(decisions, plain),
  follow: decisions.map(describeDecision),
  "members-wide": describeMembersWide(membershipReports["members-wide"], plain),
  keyring: describeKeyring(membershipReports.keyring, plain),
  "keyring-change": describeKeyringChange(membershipReports["keyring-change"], plain),
  events: streamedEvents.map(describeEvent)
}

describe("what people read", () => {
  for (const [name, lines] of Object.entries(tables))
    it(`${name} as text`, () =>
      expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`../testdata/${name}.txt`))
})

describe("what scripts read", () => {
  for (const [name, encode] of Object.entries({ ...asJson, ...membershipAsJson }))
    it(`${name} as JSON`, () =>
      expect(`${JSON.stringify(encode(), null, 2)}\n`).toMatchFileSnapshot(`../testdata/${name}.json`))
})
