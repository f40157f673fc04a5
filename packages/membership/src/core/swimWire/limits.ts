/** Bounds of everything on the wire; the decoder refuses what is beyond, so senders check their own values against them first. */

/** Bounds of version 1 of the wire. */
export const wireLimits = {
  /** Bytes of an id, printable ASCII without spaces. */
  idBytesMax: 128,
  /** Bytes of an address, printable ASCII without spaces. */
  addressBytesMax: 256,
  /** Labels of a member. */
  labelsMax: 32,
  /** Characters (UTF-16 code units) of the value of a label; up to three bytes each. */
  labelCharactersMax: 256,
  /** Characters of the name of a user event; at least one. */
  eventNameCharactersMax: 128,
  /** Bytes of a packet, which is what IPv4 leaves a datagram. */
  packetBytesMax: 65_507,
  /** Bytes of one message on a stream, before sealing. */
  streamMessageBytesMax: 65_536,
  /** Entries of one part of an answer or push. */
  entriesPerPart: 500,
  /** Bytes of each part of a call or its answer on a stream, except for the last. */
  callPartBytes: 32_768,
  /** Bytes of the payload of a call. */
  callBytesMax: 65_536,
  /** Bytes of the payload of a reply, whatever the caller would take. */
  replyBytesMax: 16_777_216,
  /** Characters of the detail of a refused call. */
  callDetailCharactersMax: 256
} as const

/** Form of a label's key: 1 to 64 letters, digits and `_.:/-`, first a letter. */
export const labelKey = /^[A-Za-z][\w.:/-]{0,63}$/
