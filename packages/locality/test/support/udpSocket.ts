import { createSocket } from "node:dgram"

import { Effect, Layer } from "effect"
import { DatagramSocket } from "effect/socket"

/** A UDP socket on loopback. */
export const udpSocket = (port: number): Layer.Layer<DatagramSocket.DatagramSocket> =>
  Layer.effect(
    DatagramSocket.DatagramSocket,
    DatagramSocket.makeFromBackingSocket(({ onPacket }) =>
      Effect.callback((resume) => {
        const socket = createSocket("udp4")
        socket.on("message", (payload, { address, port: from }) => onPacket(payload, address, from))
        socket.on("error", (cause) =>
          resume(
            Effect.fail(
              new DatagramSocket.DatagramSocketError({
                reason: new DatagramSocket.DatagramSocketOpenError({ kind: "Unknown", cause })
              })
            )
          )
        )
        socket.bind(port, "127.0.0.1", () => {
          const { address, port: bound } = socket.address()
          resume(
            Effect.succeed({
              address: { host: address, port: bound },
              send: (payload, destination, done) =>
                socket.send(payload, destination?.port, destination?.host, () => done()),
              sendMany: (_payloads, _destinations, done) => done(),
              joinMulticast: () => Effect.succeed(() => Effect.void),
              close: () => void socket.close()
            })
          )
        })
      })
    )
  )

/** A free UDP port of loopback. */
export const freeUdpPort = Effect.callback<number>((resume) => {
  const socket = createSocket("udp4")
  socket.bind(0, "127.0.0.1", () => {
    const { port } = socket.address()
    socket.close(() => resume(Effect.succeed(port)))
  })
})
