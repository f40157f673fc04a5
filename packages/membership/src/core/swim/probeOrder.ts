/**
 * Round robin over a fresh permutation of all slots, in constant memory.
 *
 * A pass walks 0, 1, 2 ... through a keyed bijection of the next power of two; a slot beyond the roster, or one that needs no probe, costs
 * nothing but the step. Each slot comes exactly once per pass, so two probes of one member are at most 2N - 1 rounds apart, and one that
 * joins during a pass stands at a random place in it (SWIM, section 4.3).
 */

/** Where a node stands in its pass. */
export interface ProbeOrder {
  key: number
  bits: number
  cursor: number
}

/** An order whose first pass begins with the first call. */
export const startProbeOrder = (): ProbeOrder => ({ key: 0, bits: 0, cursor: 1 })

/** The next slot below `size` that is `wanted`, or undefined when a whole pass has none. */
export const nextInOrder = (
  order: ProbeOrder,
  size: number,
  random: () => number,
  wanted: (slot: number) => boolean
): number | undefined => {
  let wrapped = false
  for (;;) {
    if (order.cursor >= 2 ** order.bits) {
      if (wrapped) return undefined
      wrapped = true
      order.key = Math.floor(random() * 2 ** 32)
      order.bits = Math.max(1, Math.ceil(Math.log2(Math.max(1, size))))
      order.cursor = 0
    }
    const slot = permute(order.cursor, order.bits, order.key)
    order.cursor += 1
    if (slot < size && wanted(slot)) return slot
  }
}

/** A bijection of [0, 2^bits): odd multiplications, additions and right-shifted xors all are, so their chain is. */
export const permute = (value: number, bits: number, key: number): number => {
  const mask = 2 ** bits - 1
  const shift = (bits >> 1) + 1
  let mixed = value
  for (let round = 0; round < 3; round += 1) {
    const salt = Math.imul(key ^ (round * 0x9e3779b9), 0x85ebca6b)
    mixed = (Math.imul(mixed, (salt >>> 1) | 1) + (salt ^ (salt >>> 15))) & mask
    mixed ^= mixed >>> shift
  }
  return mixed
}
