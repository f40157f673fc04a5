import type { ServerResponse } from "node:http"

import type { Misbehaviour } from "../../src/testing/index.ts"

/** Sends what no engine of ours would. */
export const misbehave = (how: Misbehaviour, response: ServerResponse): void => {
  switch (how._tag) {
    case "Answers":
      response.writeHead(how.status, how.headers).end(how.body)
      return
    case "Silent":
      return
    case "Stalls":
      response.writeHead(200).write('{"header":')
      return
    case "Floods":
      flood(response.writeHead(200))
      return
    case "Gibberish":
      response.socket?.end("SSH-2.0-gibberish\r\n\r\n")
      return
    case "HangsUp":
      response.socket?.destroy()
      return
  }
}

const flood = (response: ServerResponse): void => {
  const write = () => {
    while (!response.destroyed && response.write(" ".repeat(65_536)));
  }
  response.on("drain", write)
  write()
}
