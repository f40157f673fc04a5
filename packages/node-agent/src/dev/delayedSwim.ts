/**
 * Delays the packets and streams of SWIM as a long line would. A packet waits at its sender for half the round trip; at a stream's opener both
 * directions wait, as the other end does not know who opened it.
 */
import { type SwimStream, SwimTransport } from "@coterie/membership"
import { Duration, Effect, FiberSet, Layer } from "effect"

/** The transport below, delayed; `rttMillis` gives the round trip to an address, 0 for none. */
export const layerDelayedSwim = (
  rttMillis: (address: string) => number
): Layer.Layer<SwimTransport, never, SwimTransport> =>
  Layer.effect(
    SwimTransport,
    Effect.gen(function* () {
      const transport = yield* SwimTransport
      const run = yield* FiberSet.makeRuntime()
      const lineTo = (address: string) => {
        const delay = Duration.millis(rttMillis(address) / 2)
        const waiting: Array<() => void> = []
        // Which timer ends does not matter: what was said first arrives first.
        const arrive = Effect.delay(
          Effect.sync(() => waiting.shift()?.()),
          delay
        )
        return (act: () => void): void => {
          waiting.push(act)
          run(arrive)
        }
      }
      const packetLines = new Map<string, ReturnType<typeof lineTo>>()

      return SwimTransport.of({
        ...transport,
        send: (address, packet) => {
          const line = packetLines.get(address) ?? lineTo(address)
          packetLines.set(address, line)
          line(() => transport.send(address, packet))
        },
        connect: (address, handler): SwimStream => {
          const [there, back] = [lineTo(address), lineTo(address)]
          let isOpen = true
          const whileOpen = (act: () => void) => () => {
            if (isOpen) act()
          }
          const stream = transport.connect(address, {
            onBytes: (bytes) => back(whileOpen(() => handler.onBytes(bytes))),
            onClosed: (detail) => back(whileOpen(() => handler.onClosed(detail)))
          })
          return {
            write: (bytes, sent) => there(whileOpen(() => stream.write(bytes, sent))),
            end: () => there(whileOpen(() => stream.end())),
            destroy: () => {
              isOpen = false
              stream.destroy()
            }
          }
        }
      })
    })
  )
