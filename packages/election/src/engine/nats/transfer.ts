/**
 * A hand-over on JetStream: the leader steps down at once, and asks one server to campaign.
 *
 * JetStream's yes means only that the leader stepped down. A target that it has lost contact with gets no request: another one does, or nobody.
 */
import { Effect } from "effect"

import { NotEligible, type TransferOutcome, Unsupported } from "../../ConsensusGroups.ts"
import { isUncertain, natsFailure, obeysTarget, unfitToLead } from "../../core/natsAnswers.ts"
import { encodeRequest, type NatsGroup, type NatsRequest } from "../../core/natsGroups.ts"
import { handOver, type Reason, type SentFailure, type TransferWish } from "../handOver.ts"
import {
  answerReason,
  type Driver,
  groupOf,
  type NatsReading,
  probeReplica,
  readGroup,
  reasoned
} from "./driver.ts"
import { decodeStepDown } from "./replies.ts"

/** Hands the group's leadership to the target. */
export const transfer = (
  driver: Driver,
  name: string,
  wish: TransferWish
): Effect.Effect<TransferOutcome, Reason> =>
  Effect.flatMap(groupOf(driver, name), (group) =>
    handOver(
      {
        read: readGroup(driver, name),
        refuse: (reading) => refuse(reading, wish.target),
        probe: probeReplica(driver, name, wish.target),
        send: () => send(driver, group, wish.target),
        verifyWindow: () => driver.options.verifyWindow,
        verifyInterval: driver.options.verifyInterval
      },
      wish
    )
  )

const refuse = ({ health, version }: NatsReading, target: string): Reason | undefined => {
  if (!obeysTarget(version)) {
    return new Unsupported({
      detail: `version ${version} picks any replica; a named one needs 2.11 or newer`
    })
  }
  const seen = health.get(target)
  const detail = seen === undefined ? undefined : unfitToLead(seen)
  return detail === undefined ? undefined : new NotEligible({ target, detail })
}

/** Sends the step-down; no answer leaves open whether it was read. */
const send = (
  driver: Driver,
  group: NatsGroup,
  preferred: string
): Effect.Effect<SentFailure | undefined> => {
  const request: NatsRequest = { _tag: "StepDown", group, preferred }
  const { subject } = encodeRequest(request)
  return reasoned(driver.client.ask(request, driver.options.transferTimeout)).pipe(
    Effect.flatMap((text) => decodeStepDown(subject, text)),
    Effect.map(({ error, success }): SentFailure | undefined => {
      const problem = success === true ? undefined : (error ?? { code: 0, description: "no success" })
      return problem === undefined
        ? undefined
        : {
            reason: answerReason(driver, subject, problem, preferred),
            isUncertain: isUncertain(natsFailure(subject, problem))
          }
    }),
    Effect.catch((reason) =>
      Effect.succeed<SentFailure>({ reason, isUncertain: reason._tag !== "Unauthorized" })
    )
  )
}
