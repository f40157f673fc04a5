/** One step of an integer hash: 32 bits in, 32 bits out, each bit of the value moves about half of them. */
export const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
