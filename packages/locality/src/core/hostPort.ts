/** Parsing of host:port. */

/** Host and port of an address: `name:1`, `10.0.0.1:1` or `[::1]:1`; undefined for anything else. */
export const parseHostPort = (
  address: string
): { readonly host: string; readonly port: number } | undefined => {
  const match = /^(?:\[([\da-f:.]{2,64})\]|([^\s:[\]/]{1,255})):(\d{1,5})$/i.exec(address)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port }
}
