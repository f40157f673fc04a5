/** Streams between members: pings and push/pulls. Nothing on them is lost, but they end without an answer when one side is gone or cut off. */
import type { SyncEntry } from "@coterie/membership/core/swim/messages"
import { isMe } from "@coterie/membership/core/swim/probe"
import type { SwimEffect } from "@coterie/membership/core/swim/swimState"

import type { Member, SwimWorld } from "./SwimWorld.ts"

/** Entries of one part of an answer, as on the wire. */
const entriesPerPart = 500

type Effect<Tag extends SwimEffect["_tag"]> = Extract<SwimEffect, { _tag: Tag }>

/** One process of a member. */
interface End {
  readonly member: Member
  readonly life: number
}

/** The streams of a world. */
export class Streams {
  readonly #world: SwimWorld
  /** Push/pulls that wait for their answer, by the name that the answering side knows. */
  readonly #asked = new Map<number, { readonly opener: End; readonly exchange: number }>()
  /** Push/pulls that were answered and wait for their close, by opener and its exchange. */
  readonly #answered = new Map<string, End>()
  #count = 0

  constructor(world: SwimWorld) {
    this.#world = world
  }

  /** Pings over a stream. */
  ping(member: Member, { address, seq, target, timeoutMillis }: Effect<"StreamPing">): void {
    const from = { member, life: member.life }
    const answer = (answer: "ack" | "not_me" | "silence") =>
      this.#world.tell(member, { _tag: "StreamPinged", seq, answer })
    this.#connect(from, address, {
      failed: (millis) => this.#world.reach(member, from.life, millis, () => answer("silence")),
      open: (to) => {
        const { state } = to.member
        if (state === undefined) return
        const isTarget = isMe(state, target)
        this.#travel(to, from, () => answer(isTarget ? "ack" : "not_me"))
      },
      timeoutMillis
    })
  }

  /** Opens a push/pull. */
  open(member: Member, { address, exchange, request, timeoutMillis }: Effect<"OpenSync">): void {
    const opener = { member, life: member.life }
    this.#connect(opener, address, {
      failed: (millis) => this.#fail(opener, exchange, millis, `no answer from ${address}`),
      open: (to) => {
        this.#count += 1
        this.#asked.set(this.#count, { opener, exchange })
        this.#world.tell(to.member, { _tag: "SyncRequested", exchange: this.#count, request })
      },
      timeoutMillis
    })
  }

  /** Answers a push/pull, in parts. */
  answer(member: Member, { answer, exchange: inbound }: Effect<"AnswerSync">): void {
    const asked = this.#asked.get(inbound)
    this.#asked.delete(inbound)
    if (asked === undefined) return
    const { exchange, opener } = asked
    const from = { member, life: member.life }
    if (answer._tag === "SyncRefused") {
      this.#travel(from, opener, () =>
        this.#world.tell(opener.member, {
          _tag: "SyncFailed",
          exchange,
          refused: true,
          detail: answer.reason
        })
      )
      return
    }
    this.#travel(from, opener, () => {
      this.#answered.set(nameOf(opener.member, exchange), from)
      this.#parts({ opener, from, exchange }, answer.entries, answer.differing)
    })
  }

  /** Closes a push/pull. */
  push(member: Member, { exchange, push }: Effect<"PushSync">): void {
    const to = this.#answered.get(nameOf(member, exchange))
    this.#answered.delete(nameOf(member, exchange))
    if (to === undefined) return
    const from = { member, life: member.life }
    this.#travel(from, to, () =>
      this.#world.tell(to.member, {
        _tag: "SyncEntries",
        exchange: undefined,
        from: member.id,
        entries: push.entries,
        differing: [],
        last: true
      })
    )
  }

  #parts(
    { exchange, from, opener }: { readonly opener: End; readonly from: End; readonly exchange: number },
    entries: ReadonlyArray<SyncEntry>,
    differing: ReadonlyArray<number>
  ): void {
    for (let start = 0; start === 0 || start < entries.length; start += entriesPerPart) {
      this.#world.tell(opener.member, {
        _tag: "SyncEntries",
        exchange,
        from: from.member.id,
        entries: entries.slice(start, start + entriesPerPart),
        differing,
        last: start + entriesPerPart >= entries.length
      })
    }
  }

  #fail({ life, member }: End, exchange: number, millis: number, detail: string): void {
    this.#world.reach(member, life, millis, () =>
      this.#world.tell(member, { _tag: "SyncFailed", exchange, refused: false, detail })
    )
  }

  /** Two packets there and one back, then the request; refused at once where nobody listens, silence where the way is cut. */
  #connect(
    from: End,
    address: string,
    then: {
      readonly failed: (afterMillis: number) => void
      readonly open: (to: End) => void
      readonly timeoutMillis: number
    }
  ): void {
    const { links } = this.#world
    const target = this.#world.memberAt(address)
    const { linkRandom } = from.member
    if (target === undefined) return then.failed(links.streamDelay(linkRandom))
    const to = { member: target, life: target.life }
    if (!this.#isOpen(from, to)) return then.failed(then.timeoutMillis)
    const millis = 3 * links.streamDelay(linkRandom) + this.#world.holdUp(from.member)
    this.#world.reach(target, to.life, millis, () => then.open(to))
  }

  /** One message, if there still is a way. */
  #travel(from: End, to: End, arrive: () => void): void {
    if (!this.#isOpen(from, to)) return
    const millis = this.#world.links.streamDelay(from.member.linkRandom) + this.#world.holdUp(from.member)
    this.#world.reach(to.member, to.life, millis, arrive)
  }

  #isOpen(from: End, to: End): boolean {
    const { links } = this.#world
    return (
      links.passes(from.member.index, to.member.index) && links.passes(to.member.index, from.member.index)
    )
  }
}

const nameOf = ({ id, life }: Member, exchange: number): string => `${id} ${life} ${exchange}`
