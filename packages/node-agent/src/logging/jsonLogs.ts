/**
 * Logs as one JSON object a line on the standard error output.
 *
 * Fields: `time` (RFC 3339), `level`, `cluster`, `node`, `msg`, `event` for the moments of a life cycle, `err` with type and stack, and
 * whatever the line itself carries.
 */
import { Cause, Layer, type LogLevel, Logger, References } from "effect"
import { type DestinationStream, destination, type Level, pino, stdTimeFunctions } from "pino"

import type { AgentConfig } from "../AgentConfig.ts"

const standardError = 2

/** Names under which a secret could reach a line; their values are replaced, two levels deep. */
const secretNames = ["password", "secret", "token", "authorization", "auth"]

const pinoLevels: Readonly<Record<LogLevel.LogLevel, Level>> = {
  All: "trace",
  Trace: "trace",
  Debug: "debug",
  Info: "info",
  Warn: "warn",
  Error: "error",
  Fatal: "fatal",
  None: "fatal"
}

const effectLevels = { trace: "Trace", debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const

/** Replaces all other loggers; lines below `telemetry.log.level` are not even made. */
export const jsonLogs = (
  config: AgentConfig,
  output: DestinationStream = destination({ fd: standardError, sync: true })
): Layer.Layer<never> => {
  const { level } = config.telemetry.log
  return Layer.merge(
    Logger.layer([makeLogger(config, output)]),
    Layer.succeed(References.MinimumLogLevel, effectLevels[level])
  )
}

const makeLogger = ({ cluster, node, telemetry }: AgentConfig, output: DestinationStream) => {
  const log = pino(
    {
      level: telemetry.log.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { err: (described: unknown) => described },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "***" }
    },
    output
  )
  return Logger.make<unknown, void>(({ cause, fiber, logLevel, message }) => {
    const parts = Array.isArray(message) ? message : [message]
    const fields: Record<string, unknown> = {
      cluster,
      node: node.id,
      ...fiber.getRef(References.CurrentLogAnnotations)
    }
    const words = parts.flatMap((part: unknown) => {
      if (!isFields(part)) return [String(part)]
      Object.assign(fields, part)
      return []
    })
    if (cause.reasons.length > 0) fields["err"] = describeCause(cause)
    log[pinoLevels[logLevel]](fields, words.join(" "))
  })
}

const isFields = (part: unknown): part is Record<string, unknown> =>
  typeof part === "object" && part !== null && !Array.isArray(part) && !(part instanceof Error)

const describeCause = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  return error instanceof Error
    ? { type: error.name, message: error.message, stack: Cause.pretty(cause) }
    : { type: typeof error, message: String(error), stack: Cause.pretty(cause) }
}
