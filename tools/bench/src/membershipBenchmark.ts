/** `SwimMembership` beside hashicorp/memberlist: the same scenarios, nodes and protocol of the harness, in turns. */
import { CommandError } from "./CommandError.ts"
import { Cluster } from "./membership/Cluster.ts"
import { machineLoad, machineName } from "./membership/kernel.ts"
import type { Scenario } from "./membership/Scenario.ts"
import { scenarios } from "./membership/scenarios.ts"
import {
  describeLoad,
  describeSpread,
  membershipTable,
  type Row,
  rowsOf,
  type Run,
  spreadOf
} from "./membership/summary.ts"
import { memberlist, ours, type System } from "./membership/systems.ts"

/** What to run. */
export interface MembershipOptions {
  /** Names of scenarios; none for all. */
  readonly names: ReadonlyArray<string>
  /** Nodes of every scenario instead of its own number, at least 4. */
  readonly nodes: number | undefined
  readonly rounds: number | undefined
}

/** Everything that was measured. */
export interface MembershipReport {
  readonly machine: string
  readonly load: string
  readonly rows: ReadonlyArray<Row>
  readonly runs: ReadonlyArray<Run>
  readonly table: string
  readonly broken: ReadonlyArray<string>
}

const convergedSecondsMax = 150

/** Runs scenarios, each in turns on both systems, and says each run as it ends. */
export const membershipBenchmark = async (
  options: MembershipOptions,
  say: (line: string) => void
): Promise<MembershipReport> => {
  const chosen = chooseScenarios(options)
  const peer = await memberlist()
  if (typeof peer === "string") say(`MEMBERLIST MISSING, only ours is measured: ${peer}`)
  const systems = typeof peer === "string" ? [ours] : [ours, peer]
  const runs: Array<Run> = []
  for (const scenario of chosen) {
    for (let round = 1; round <= (options.rounds ?? scenario.rounds); round += 1) {
      for (const system of systems) {
        if (scenario.profiles[system.name] === undefined) continue
        const run = await measure(scenario, system, options.nodes ?? scenario.nodes)
        runs.push(run)
        say(`${scenario.name}, round ${round}, ${describeRun(scenario, run)}`)
      }
    }
  }
  const rows = rowsOf(chosen, runs)
  return {
    machine: machineName(),
    load: describeLoad(runs),
    rows,
    runs,
    table: membershipTable(chosen, rows),
    broken: brokenPromises(rows, runs)
  }
}

const chooseScenarios = ({ names, nodes }: MembershipOptions): ReadonlyArray<Scenario> => {
  const unknown = names.find((name) => !scenarios.some((scenario) => scenario.name === name))
  if (unknown !== undefined) {
    const known = scenarios.map(({ name }) => name).join(", ")
    throw new CommandError(`no scenario "${unknown}" of membership; there are core, ${known}`)
  }
  if (nodes !== undefined && nodes < 4) throw new CommandError(`--nodes must be at least 4, not ${nodes}`)
  return scenarios.filter(({ name }) => names.length === 0 || names.includes(name))
}

/** One round on a fresh cluster; what goes wrong is a result, too. */
const measure = async (scenario: Scenario, system: System, nodes: number): Promise<Run> => {
  const { fromConverged, name, profiles } = scenario
  const about = { scenario: name, system: system.name, nodes, load: await machineLoad() }
  try {
    const profile = profiles[system.name] ?? "lan"
    const cluster = await Cluster.start({ system, nodes, profile, ...scenario.cluster })
    try {
      if (fromConverged && !(await cluster.converged(convergedSecondsMax))) {
        const failure = `its nodes did not all see each other within ${convergedSecondsMax} s`
        return { ...about, figures: undefined, failure }
      }
      return { ...about, figures: await scenario.measure(cluster) }
    } finally {
      await cluster.close()
    }
  } catch (cause) {
    return {
      ...about,
      figures: undefined,
      failure: cause instanceof Error ? cause.message : String(cause)
    }
  }
}

const describeRun = ({ figures }: Scenario, run: Run): string => {
  const values = run.figures
  if (values === undefined) return `${run.system}: NOT MEASURED, ${run.failure ?? ""}`
  const texts = figures.map(
    (figure) => `${figure.what} ${describeSpread(figure, spreadOf([values[figure.key] ?? Number.NaN]))}`
  )
  return `${run.system}: ${texts.join(", ")}`
}

const brokenPromises = (rows: ReadonlyArray<Row>, runs: ReadonlyArray<Run>): ReadonlyArray<string> => [
  ...rows
    .filter(({ met }) => met === false)
    .map(({ figure, scenario, target }) => `${scenario}: ${figure} missed the target ${target}`),
  ...runs.flatMap(({ failure, scenario, system }) =>
    system === "ours" && failure !== undefined ? [`${scenario} was not measured: ${failure}`] : []
  )
]
