/** UTF-8 without a decoder that throws: the reader checks every byte, the writer never fails. */

/** Writes the text at `offset` and returns where it ends; what does not fit is dropped, a lone surrogate becomes U+FFFD. */
export const writeUtf8 = (bytes: Uint8Array, offset: number, text: string): number => {
  let at = offset
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      bytes[at] = unit
      at += 1
      continue
    }
    const point = pointAt(text, index)
    if (point > 0xffff) index += 1
    at = writePoint(bytes, at, point)
  }
  return at
}

/** The text of `bytes[start]` to `bytes[end - 1]`, or undefined when these are not well-formed UTF-8. */
export const readUtf8 = (bytes: Uint8Array, start: number, end: number): string | undefined => {
  let text = ""
  let at = start
  while (at < end) {
    const lead = bytes[at] ?? 0
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      at += 1
      continue
    }
    const length = sequenceBytes(lead)
    if (length === 0 || at + length > end) return undefined
    let point = lead & (0x7f >> length)
    for (let index = 1; index < length; index += 1) {
      const next = bytes[at + index] ?? 0
      if ((next & 0xc0) !== 0x80) return undefined
      point = (point << 6) | (next & 0x3f)
    }
    if (point < (pointMin[length] ?? 0) || point > 0x10ffff || isSurrogate(point)) return undefined
    text += String.fromCodePoint(point)
    at += length
  }
  return text
}

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff

/** Least code point of a sequence of so many bytes; a smaller one could be written shorter. */
const pointMin = [0, 0, 0x80, 0x800, 0x1_0000]

const sequenceBytes = (lead: number): number => {
  if (lead >= 0xc2 && lead < 0xe0) return 2
  if (lead >= 0xe0 && lead < 0xf0) return 3
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0
}

const pointAt = (text: string, index: number): number => {
  const point = text.codePointAt(index) ?? 0xfffd
  return isSurrogate(point) ? 0xfffd : point
}

const writePoint = (bytes: Uint8Array, offset: number, point: number): number => {
  const length = point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  for (let index = length - 1, rest = point; index > 0; index -= 1, rest >>= 6) {
    bytes[offset + index] = 0x80 | (rest & 0x3f)
  }
  bytes[offset] = ((0xf00 >> length) & 0xff) | (point >> (6 * (length - 1)))
  return offset + length
}
