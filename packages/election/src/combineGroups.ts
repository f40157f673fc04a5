/**
 * Several engines as one `ConsensusGroups`: the ids of their groups begin with the name of the engine, such as `jobs/stream/ORDERS`.
 *
 * An engine in trouble hides no other one. While it cannot list its groups, those that it had stay listed and `<name>/*` stands for the rest;
 * its calls then fail at once, so that a hung engine holds up nobody, and are tried again after `rest`.
 */
import { Clock, Context, Duration, Effect, Layer } from "effect"

import { ConsensusError, ConsensusGroups, TimedOut, UnknownGroup } from "./ConsensusGroups.ts"

type Groups = ConsensusGroups["Service"]

/** How long an engine may take to list its groups, before that counts as a failure. */
const listTimeout = Duration.seconds(3)
/** How long calls to an engine that did not list its groups fail without being made. */
const rest = Duration.seconds(10)
/** Names that an error lists at most. */
const knownShown = 20

/** Stands for the groups of an engine that it does not list. */
const unlisted = "*"

/**
 * One service for the engines, by names that nobody changes later; names without a slash, else it is a defect. Its own capabilities are those that
 * every engine has; `engineOf` knows those of each group.
 */
export const combineGroups = <E, R>(
  engines: Readonly<Record<string, Layer.Layer<ConsensusGroups, E, R>>>
): Layer.Layer<ConsensusGroups, E, R> =>
  Layer.effect(
    ConsensusGroups,
    Effect.gen(function* () {
      const named = new Map<string, Groups>()
      for (const [name, layer] of Object.entries(engines)) {
        if (name === "" || name.includes("/")) {
          return yield* Effect.die(new Error(`engine "${name}": expected a name without a slash`))
        }
        named.set(name, makeEngine(name, Context.get(yield* Layer.build(layer), ConsensusGroups)))
      }
      return combine(named)
    })
  )

const combine = (engines: ReadonlyMap<string, Groups>): Groups => {
  const all = [...engines.values()]
  const list = Effect.map(
    Effect.forEach(all, (engine) => engine.list, { concurrency: "unbounded" }),
    (lists) => lists.flat()
  )
  const engineOf = (group: string) => engines.get(group.slice(0, group.indexOf("/")))
  const on = <A>(
    operation: ConsensusError["operation"],
    group: string,
    call: (engine: Groups) => Effect.Effect<A, ConsensusError>
  ): Effect.Effect<A, ConsensusError> => {
    const engine = engineOf(group)
    return engine === undefined ? refuse(operation, group) : call(engine)
  }
  const refuse = (operation: ConsensusError["operation"], group: string) =>
    Effect.flatMap(list, (known) =>
      Effect.fail(
        new ConsensusError({
          operation,
          group,
          reason: new UnknownGroup({ known: known.slice(0, knownShown) })
        })
      )
    )
  return ConsensusGroups.of({
    engine: [...new Set(all.map(({ engine }) => engine))].join("+"),
    get capabilities() {
      const each = all.map(({ capabilities }) => capabilities)
      const [first, ...others] = new Set(each.map(({ ownRtt }) => ownRtt))
      return {
        targeted: each.every(({ targeted }) => targeted),
        waits: each.every(({ waits }) => waits),
        ownRtt: others.length === 0 ? (first ?? "none") : ("none" as const),
        term: each.every(({ term }) => term)
      }
    },
    list,
    status: (group) => on("status", group, (engine) => engine.status(group)),
    reachability: (group) => on("reachability", group, (engine) => engine.reachability(group)),
    probe: (group, replica) => on("probe", group, (engine) => engine.probe(group, replica)),
    transferLeadership: (group, target, options) =>
      on("transfer", group, (engine) => engine.transferLeadership(group, target, options)),
    engineOf
  })
}

/** The engine, with its name before the ids of its groups; `list` never fails. */
const makeEngine = (name: string, groups: Groups): Groups => {
  let listed: ReadonlyArray<string> = []
  let failure: { readonly reason: ConsensusError["reason"]; readonly untilMillis: number } | undefined

  const { rttRows, stepDown } = groups
  const outer = (group: string) => `${name}/${group}`
  const inner = (group: string) => group.slice(name.length + 1)
  const call = <A>(
    operation: ConsensusError["operation"],
    group: string,
    run: (group: string) => Effect.Effect<A, ConsensusError>
  ): Effect.Effect<A, ConsensusError> =>
    Effect.flatMap(nowMillis, (now) =>
      failure !== undefined && (now < failure.untilMillis || inner(group) === unlisted)
        ? Effect.fail(new ConsensusError({ operation, group, reason: failure.reason }))
        : Effect.mapError(run(inner(group)), (error) => renamed(name, error))
    )
  const list = groups.list.pipe(
    Effect.timeoutOrElse({
      duration: listTimeout,
      orElse: () => Effect.fail({ reason: new TimedOut({ afterMillis: Duration.toMillis(listTimeout) }) })
    }),
    Effect.matchEffect({
      onSuccess: (ids) =>
        Effect.sync(() => {
          failure = undefined
          listed = ids.map(outer)
          return listed
        }),
      onFailure: ({ reason }) =>
        Effect.map(nowMillis, (now) => {
          failure = { reason, untilMillis: now + Duration.toMillis(rest) }
          return [...listed, outer(unlisted)]
        })
    })
  )
  return ConsensusGroups.of({
    engine: groups.engine,
    get capabilities() {
      return groups.capabilities
    },
    list,
    status: (group) =>
      Effect.map(
        call("status", group, (own) => groups.status(own)),
        (status) => ({ ...status, group })
      ),
    reachability: (group) => call("reachability", group, (own) => groups.reachability(own)),
    probe: (group, replica) => call("probe", group, (own) => groups.probe(own, replica)),
    transferLeadership: (group, target, options) =>
      call("transfer", group, (own) => groups.transferLeadership(own, target, options)),
    stepDown: stepDown && ((group, options) => call("stepDown", group, (own) => stepDown(own, options))),
    rttRows: rttRows && ((group) => call("rttRows", group, rttRows))
  })
}

/** The error as it is about the group under the engine's name. */
const renamed = (name: string, { group, operation, reason }: ConsensusError): ConsensusError =>
  new ConsensusError({
    operation,
    group: `${name}/${group}`,
    reason:
      reason instanceof UnknownGroup
        ? new UnknownGroup({ known: reason.known.map((known) => `${name}/${known}`) })
        : reason
  })

const nowMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))
