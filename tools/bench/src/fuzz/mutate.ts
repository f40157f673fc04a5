/** Damages bytes as networks, other releases and attackers do. */
import type { Draw } from "./randomNumbers.ts"

const telling = [0x00, 0x01, 0x7f, 0x80, 0xff] as const

/** Bytes with 1 to 4 damages; `other` is a packet to splice in. */
export const mutate = (draw: Draw, bytes: Uint8Array, other: Uint8Array): Uint8Array => {
  let mutated = Uint8Array.from(bytes)
  for (let left = 1 + draw.below(4); left > 0; left -= 1) {
    const at = draw.below(mutated.length + 1)
    switch (draw.below(6)) {
      case 0:
        if (at < mutated.length) mutated[at] = (mutated[at] ?? 0) ^ (1 << draw.below(8))
        break
      case 1:
        if (at < mutated.length) mutated[at] = draw.pick(telling)
        break
      case 2:
        mutated = mutated.slice(0, at)
        break
      case 3:
        mutated = joined(mutated.subarray(0, at), other.subarray(draw.below(other.length)))
        break
      case 4: // A number as large as can be claimed.
        mutated.fill(0xff, at, at + 1 + draw.below(9))
        break
      default:
        mutated = joined(mutated.subarray(0, at), mutated.subarray(draw.below(at + 1)))
    }
  }
  return mutated.subarray(0, packetBytesMax)
}

const packetBytesMax = 65_507

/** Bytes without any form, mostly few. */
export const noise = (draw: Draw): Uint8Array =>
  Uint8Array.from({ length: draw.below(draw.pick([8, 60, 1400])) }, () => draw.below(256))

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}
