/** Addresses of the UDP transport: `10.0.0.7:7946` or `[2001:db8::7]:7946`. */
import { isIP } from "node:net"

/** An address in its parts. */
export interface IpAddress {
  readonly host: string
  readonly port: number
}

/** Most characters of an address. */
const addressCharactersMax = 64

/** The parts, or undefined when the text is no address. */
export const parseIpAddress = (text: string): IpAddress | undefined => {
  const parts = text.length <= addressCharactersMax ? splitHostPort(text) : undefined
  return parts !== undefined && isIP(parts.host) !== 0 ? parts : undefined
}

/** The text of an address. */
export const formatIpAddress = ({ host, port }: IpAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** Host and port of a text; the host may be a name. */
export const splitHostPort = (text: string): IpAddress | undefined => {
  const [, bracketed, bare, digits = ""] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? bare
  const port = Number(digits)
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

/** Whether a host means every address of the machine, which is nowhere to reach it. */
export const isWildcard = (host: string): boolean => /^(0\.0\.0\.0|::|(0+:){7}0+)$/.test(host)
