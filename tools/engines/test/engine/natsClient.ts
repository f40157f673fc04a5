/** The few words of the NATS protocol that the test needs: one request, one reply. */
import { connect } from "node:net"

/** Sends a request and answers the reply's text. Rejects after 5 s. */
export const natsRequest = (port: number, subject: string, payload: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const inbox = "_INBOX.coterie"
    const socket = connect(port, "127.0.0.1")
    let received = ""
    socket.setTimeout(5000, () => socket.destroy(new Error(`no reply on ${subject}`)))
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.write(`CONNECT {"verbose":false}\r\nSUB ${inbox} 1\r\n`)
      socket.write(`PUB ${subject} ${inbox} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`)
    })
    socket.on("data", (chunk) => {
      received += chunk.toString("utf8")
      const message = /MSG \S+ 1 (\d+)\r\n([\s\S]*)/.exec(received)
      if (message?.[2] === undefined || message[2].length < Number(message[1])) return
      socket.destroy()
      resolve(message[2].slice(0, Number(message[1])))
    })
  })
