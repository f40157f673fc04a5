/** Flags that every command accepts, before or after its name. */
import { Config } from "effect"
import { Flag, GlobalFlag } from "effect/cli"

import { durationBetween, HttpUrl } from "../config/configValues.ts"

/** Address of an agent's `api.ops`. */
export const Endpoint = GlobalFlag.Setting("endpoint")({
  flag: Flag.String("endpoint").pipe(
    Flag.withMetavar("URL"),
    Flag.withDescription("The agent's api.ops (env COTERIE_ENDPOINT)"),
    Flag.withFallbackConfig(Config.String("COTERIE_ENDPOINT")),
    Flag.withDefault("http://127.0.0.1:7480"),
    Flag.withSchema(HttpUrl)
  )
})

/** JSON instead of tables. */
export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDescription("Print JSON with a versioned shape"),
    Flag.withDefault(false),
    Flag.withoutNegation
  )
})

/** Most time to wait for an answer. */
export const Timeout = GlobalFlag.Setting("timeout")({
  flag: Flag.String("timeout").pipe(
    Flag.withMetavar("DURATION"),
    Flag.withDescription("Most time to wait for an answer, such as 500ms or 5s"),
    Flag.withDefault("5s"),
    Flag.withSchema(durationBetween("1ms", "1h"))
  )
})

/** No colours, whatever the terminal can do. */
export const NoColor = GlobalFlag.Setting("no-color")({
  flag: Flag.Boolean("no-color").pipe(
    Flag.withDescription("Print without colours (env NO_COLOR)"),
    Flag.withDefault(false),
    Flag.withoutNegation
  )
})

/** All of them. */
export const globalOptions = [Endpoint, Json, Timeout, NoColor] as const
