/** One operation of a trial's client over HTTP, on a connection that stays open. */

/** Longer than any hand-over should take. */
const timeoutMillis = 15_000

/** Posts `json` where it is given, else gets; true for a 200 whose body is a success. Rejects without an answer in time. */
export const askHttp = async (
  url: string,
  succeeded: (body: string) => boolean,
  json?: unknown
): Promise<boolean> => {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(timeoutMillis),
    ...(json === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(json) })
  })
  const body = await response.text()
  return response.status === 200 && succeeded(body)
}
