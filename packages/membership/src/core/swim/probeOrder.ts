/**
 * Round robin over a fresh permutation of all slots, in constant memory.
 *
 * A pass walks 0, 1, 2 ... through a keyed bijection of the next power of two; a slot beyond the roster, or one that needs no probe, costs
 * nothing but the step. Each slot comes exactly once per pass, so two probes of one member are at most 2N - 1 rounds apart. One that joins
 * during a pass stands at a random place in it (SWIM, section 4.3); where the roster outgrows the power of two, the pass is doubled by a
 * second walk that mixes with what is left of the first, or nobody would probe the newest members until the old passes end.
 */

/** Where a node stands in its pass: mostly one walk, one more for each doubling of the roster since it began. */
export type ProbeOrder = Array<Walk>

/** A walk over the slots from `first` on, as many as 2 to the power of `bits`. */
interface Walk {
  readonly first: number
  readonly bits: number
  readonly key: number
  cursor: number
}

/** An order whose first pass begins with the first call. */
export const startProbeOrder = (): ProbeOrder => []

/** The next slot below `size` that is `wanted`, or undefined when a whole pass has none. */
export const nextInOrder = (
  order: ProbeOrder,
  size: number,
  random: () => number,
  wanted: (slot: number) => boolean
): number | undefined => {
  let isFresh = false
  for (;;) {
    const walk = pickWalk(order, size, random)
    if (walk !== undefined) {
      const slot = walk.first + permute(walk.cursor, walk.bits, walk.key)
      walk.cursor += 1
      if (slot < size && wanted(slot)) return slot
    } else if (isFresh) return undefined
    else {
      isFresh = true
      const bits = Math.max(1, Math.ceil(Math.log2(Math.max(1, size))))
      order.splice(0, order.length, startWalk(0, bits, random))
    }
  }
}

const startWalk = (first: number, bits: number, random: () => number): Walk => ({
  first,
  bits,
  key: Math.floor(random() * 2 ** 32),
  cursor: 0
})

/** One of the walks at random, by what is left of each; undefined at the end of the pass. */
const pickWalk = (order: ProbeOrder, size: number, random: () => number): Walk | undefined => {
  let last = order.at(-1)
  if (last === undefined) return undefined
  while (size > last.first + 2 ** last.bits) {
    const covered = last.first + 2 ** last.bits
    last = startWalk(covered, Math.log2(covered), random)
    order.push(last)
  }
  if (order.length === 1) return stepsLeft(last) > 0 ? last : undefined
  let place = random() * order.reduce((sum, walk) => sum + stepsLeft(walk), 0)
  return order.find((walk) => (place -= stepsLeft(walk)) < 0)
}

const stepsLeft = ({ bits, cursor }: Walk): number => 2 ** bits - cursor

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
