/** A demo as it goes, in events, for the tests of what is made of it. */
import {
  type DemoEvent,
  type DemoState,
  emptyDemo,
  observe,
  type SeenDecision
} from "../../../src/dev/core/demoState.ts"

const ids = ["a", "b", "e"]

/** What a decision is when nothing else is said. */
export const decision = (change: Partial<SeenDecision>): SeenDecision => ({
  node: "e",
  leads: true,
  term: 3,
  row: {},
  sentence: "stay",
  gist: change.sentence ?? "stay",
  transfer: undefined,
  wellPlaced: false,
  ...change
})

const started: ReadonlyArray<DemoEvent> = ids.map((node, index) => ({
  _tag: "Started",
  node,
  opsUrl: `http://127.0.0.1:${1001 + index}`
}))

/** All nodes see the members alive and agree on leader and term. */
export const allSee = (leader: string, term: number, master = "a"): ReadonlyArray<DemoEvent> =>
  ids.map((node) => ({
    _tag: "Seen",
    node,
    status: { members: ids.map((id) => ({ id, state: "alive" })), master, leader, term }
  }))

/** Acknowledged writes through a, every 600 ms from `fromMillis` on. */
export const writes = (
  leader: string,
  count: number,
  millis: number,
  fromMillis: number
): ReadonlyArray<DemoEvent> =>
  Array.from({ length: count }, (_, index) => ({
    _tag: "Wrote",
    sample: {
      leader,
      through: "a",
      millis: millis + index,
      failure: undefined,
      atMillis: fromMillis + 600 * index
    }
  }))

const handOver: ReadonlyArray<DemoEvent> = [
  {
    _tag: "Decided",
    decision: decision({
      row: { a: 256.04, b: 257 },
      sentence: "transfer to a, saving 256ms: it leads after 700ms",
      transfer: { from: "e", to: "a", outcome: "moved", tookMillis: 700.25 }
    })
  },
  {
    _tag: "Wrote",
    sample: { leader: undefined, through: "a", millis: 5, failure: "transfer", atMillis: 5000 }
  }
]

const placed: ReadonlyArray<DemoEvent> = [
  {
    _tag: "Decided",
    decision: decision({
      node: "b",
      leads: false,
      sentence: "stay: a leads, its agent decides"
    })
  },
  {
    _tag: "Decided",
    decision: decision({
      node: "a",
      term: 4,
      row: { b: 10.2, e: 256.1 },
      sentence: "stay: nobody is better",
      wellPlaced: true
    })
  }
]

/** The state after each stage of the demo's story. */
export const story = {
  empty: emptyDemo(ids, "e"),
  started: [...started, ...allSee("e", 3)],
  before: [...started, ...allSee("e", 3), ...writes("e", 4, 520, 1000)],
  moved: [...started, ...allSee("e", 3), ...writes("e", 4, 520, 1000), ...handOver, ...allSee("a", 4)],
  placed: [
    ...started,
    ...allSee("e", 3),
    ...writes("e", 4, 520, 1000),
    ...handOver,
    ...allSee("a", 4),
    ...writes("a", 20, 12, 6000),
    ...placed
  ]
} as const

/** The demo after these events. */
export const after = (events: ReadonlyArray<DemoEvent>): DemoState => events.reduce(observe, story.empty)
