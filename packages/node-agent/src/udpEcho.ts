/** Round trips by echoes between the agents, over UDP on the port of `peer.listen`. */
import { type ProbeTarget, type RttProbe, UdpEchoProbe } from "@coterie/locality"
import { Membership } from "@coterie/membership"
import { NodeDatagramSocket } from "@effect/platform-node"
import { Effect, Layer } from "effect"

import type { AgentConfig } from "./AgentConfig.ts"
import { AgentFailed } from "./AgentFailed.ts"
import { formatHostPort } from "./config/configValues.ts"
import { besideOf } from "./core/planNodes.ts"

/** Measures and answers until its scope closes. Fails with `AgentFailed` when the port is taken, or a file with the key was not read. */
export const udpEcho = ({
  locality: { probeKey },
  peer: { listen }
}: Pick<AgentConfig, "locality" | "peer">): Layer.Layer<RttProbe, AgentFailed, Membership> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { members } = yield* Membership
      if (probeKey === undefined)
        return yield* new AgentFailed({
          key: "locality.probeKey_file",
          detail: "is read by loadConfig only; give probeKey in code"
        })
      const addressOf = (target: ProbeTarget) =>
        Effect.map(members, (all) => peerAddress(besideOf(all)(target)?.address))
      return UdpEchoProbe.layer({ key: probeKey, addressOf }).pipe(
        Layer.provide(NodeDatagramSocket.layer({ bind: { address: listen.host, port: listen.port } })),
        Layer.catch(({ message }) =>
          Layer.effectContext(
            new AgentFailed({
              key: "peer.listen",
              detail: `locality.probe is udp, and UDP ${formatHostPort(listen)} cannot be opened: ${message}`
            })
          )
        )
      )
    })
  )

/** host:port of the URL at which an agent is reached; undefined until it is known. */
const peerAddress = (address = ""): string | undefined => {
  const url = URL.parse(address)
  return url === null ? undefined : `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`
}
