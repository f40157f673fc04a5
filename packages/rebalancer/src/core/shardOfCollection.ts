/** Which shard a collection lives in. */
import { shardCount } from "./routing.ts"

/** The shard of a collection: a 16-bit rolling hash (times 31, plus byte) of its UTF-8 name, modulo the number of shards. */
export const shardOfCollection = (name: string): number => {
  let hash = 0
  for (const character of name) {
    for (const byte of utf8(character)) hash = (hash * 31 + byte) & 0xffff
  }
  return hash % shardCount
}

/** A lone surrogate counts as U+FFFD, as in every UTF-8 encoder of the platform. */
const utf8 = (character: string): ReadonlyArray<number> => {
  const codePoint = character.isWellFormed() ? (character.codePointAt(0) ?? 0) : 0xfffd
  const tail = (shift: number) => 0x80 | ((codePoint >> shift) & 0x3f)
  if (codePoint < 0x80) return [codePoint]
  if (codePoint < 0x800) return [0xc0 | (codePoint >> 6), tail(0)]
  if (codePoint < 0x10000) return [0xe0 | (codePoint >> 12), tail(6), tail(0)]
  return [0xf0 | (codePoint >> 18), tail(12), tail(6), tail(0)]
}
