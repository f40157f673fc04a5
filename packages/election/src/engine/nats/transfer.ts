/**
 * A hand-over on JetStream: the leader steps down at once, and asks one server to campaign.
 *
 * JetStream's yes means only that the leader stepped down. A target that it has lost contact with gets no request: another one does, or nobody.
 */
import { Effect, Result } from "effect"

import { NotEligible, type TransferOutcome, Unavailable, Unsupported } from "../../ConsensusGroups.ts"
import { isUncertain, natsFailure, obeysTarget, unfitToLead } from "../../core/natsAnswers.ts"
import { encodeRequest, type NatsGroup, type NatsRequest } from "../../core/natsGroups.ts"
import { handOver, type Reason, type SentFailure, type StepDownWish, type TransferWish } from "../handOver.ts"
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

/** Hands the group's leadership to the target, or without one to whomever the server picks. */
export const transfer = (
  driver: Driver,
  name: string,
  wish: TransferWish | StepDownWish
): Effect.Effect<TransferOutcome, Reason> =>
  Effect.flatMap(groupOf(driver, name), (group) =>
    handOver(
      {
        read: readGroup(driver, name),
        refuse: (reading) => refuse(reading, wish.target),
        probe: wish.target === undefined ? probeAny(driver, name) : probeReplica(driver, name, wish.target),
        send: () => send(driver, group, wish.target),
        verifyWindow: () => driver.options.verifyWindow,
        verifyInterval: driver.options.verifyInterval
      },
      wish
    )
  )

/** Succeeds when another replica answers: a leader that lets go while nobody does would lead again, seconds later. */
const probeAny = (driver: Driver, name: string): Effect.Effect<unknown, Reason> =>
  Effect.gen(function* () {
    const { health, status } = yield* readGroup(driver, name)
    const others = status.voters.filter(({ id }) => {
      const seen = health.get(id)
      return id !== status.self && seen !== undefined && unfitToLead(seen) === undefined
    })
    const answers = yield* Effect.forEach(others, ({ id }) => Effect.result(probeReplica(driver, name, id)), {
      concurrency: others.length
    })
    if (answers.some(Result.isSuccess)) return
    return yield* new Unavailable({ detail: "no other replica is current and answers" })
  })

const refuse = ({ health, version }: NatsReading, target: string | undefined): Reason | undefined => {
  if (target === undefined) return undefined
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
  preferred: string | undefined
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
