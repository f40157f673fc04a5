/**
 * What travels in an echo over UDP, less its seal: version, kind, time of day and nonce.
 *
 * Requests and replies have the same size, so that nobody can have a node send more than it was sent. A reply repeats the nonce of its request.
 */

/** One packet. */
export interface EchoPacket {
  readonly kind: "request" | "reply"
  /** Wall clock of the sender, in ms. */
  readonly atMillis: number
  /** 16 bytes. */
  readonly nonce: Uint8Array
}

const version = 1
const nonceBytes = 16
/** Bytes of a packet before its seal. */
export const echoBytes = 1 + 1 + 8 + nonceBytes
/** Bytes of the seal at its end. */
export const sealBytes = 16
/** A packet sealed longer ago, or so far in the future, is no answer to anything. */
const ageMillisMax = 5000

/** The packet as bytes. */
export const encodeEcho = ({ atMillis, kind, nonce }: EchoPacket): Uint8Array => {
  const bytes = new Uint8Array(echoBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, version)
  view.setUint8(1, kind === "request" ? 1 : 2)
  view.setFloat64(2, atMillis)
  bytes.set(nonce.subarray(0, nonceBytes), 10)
  return bytes
}

/** Reads bytes whose seal was good; undefined for another version or kind. */
export const decodeEcho = (bytes: Uint8Array): EchoPacket | undefined => {
  if (bytes.length !== echoBytes || bytes[0] !== version) return undefined
  const kind = bytes[1] === 1 ? "request" : bytes[1] === 2 ? "reply" : undefined
  if (kind === undefined) return undefined
  const atMillis = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(2)
  return { kind, atMillis, nonce: bytes.slice(10) }
}

/** Whether the clock of the sender and this one agree that the packet is new. */
export const isRecent = ({ atMillis }: EchoPacket, nowMillis: number): boolean =>
  Math.abs(nowMillis - atMillis) <= ageMillisMax
