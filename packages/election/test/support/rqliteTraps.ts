import { Effect } from "effect"

/** One rqlite group as plain HTTP sees it, on a fake or on the real server. */
export interface TrapWorld {
  /** Origins by node id. */
  readonly urls: ReadonlyMap<string, string>
  readonly nonVoter: string
}

interface Leadership {
  readonly leader: string
  readonly term: number
}

/** A request of this test's own, not the driver's. */
const raw = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, { redirect: "manual", ...init })
    return { status: response.status, headers: response.headers, body: await response.text() }
  })

/** `POST /leader` by hand. */
const postLeader = (url: string, query: string, body: string, type = "application/json") =>
  raw(`${url}/leader?${query}`, { method: "POST", body, headers: { "content-type": type } })

/** The part of `GET /status` that says who leads. */
interface Status {
  readonly store: { readonly leader: { readonly node_id: string }; readonly raft: { readonly term: number } }
}

/** What the node at this URL believes. */
const leadershipAt = (url: string): Effect.Effect<Leadership> =>
  Effect.map(raw(`${url}/status`), ({ body }) => {
    const { store } = JSON.parse(body) as Status
    return { leader: store.leader.node_id, term: store.raft.term }
  })

/** Reads until every voter sees the same leader, for 20 s at most. */
export const agreed = Effect.fnUntraced(function* ({ nonVoter, urls }: TrapWorld) {
  for (let look = 0; look < 400; look++) {
    const views = yield* Effect.forEach(
      [...urls].filter(([id]) => id !== nonVoter),
      ([, url]) => leadershipAt(url)
    )
    const [first] = views
    const same = views.every(({ leader, term }) => leader === first?.leader && term === first.term)
    if (first !== undefined && first.leader !== "" && same) return first
    yield* Effect.sleep("50 millis")
  }
  return yield* Effect.die("the voters do not agree on a leader")
})

const roles = Effect.fnUntraced(function* (world: TrapWorld) {
  const before = yield* agreed(world)
  const [follower, other] = [...world.urls.keys()].filter(
    (id) => id !== before.leader && id !== world.nonVoter
  )
  const url = (id: string | undefined) => world.urls.get(id ?? "") ?? ""
  return {
    before,
    follower: follower ?? "",
    other: other ?? "",
    leaderUrl: url(before.leader),
    followerUrl: url(follower)
  }
})

const check = (condition: boolean, what: string, found: unknown) =>
  condition ? Effect.void : Effect.die(`${what}; found ${JSON.stringify(found)}`)

/**
 * What makes rqlite hard to drive, shown by plain requests. They run on the fake and on the real server: that is how the fake stays true.
 */
export const rqliteTraps: ReadonlyArray<{
  readonly name: string
  readonly run: (world: TrapWorld) => Effect.Effect<void>
}> = [
  {
    name: "without wait, a follower says 200 and does nothing",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { before, follower, followerUrl } = yield* roles(world)
      const { status } = yield* postLeader(followerUrl, "", JSON.stringify({ id: follower }))
      yield* check(status === 200, "expected 200", status)
      const after = yield* agreed(world)
      yield* check(after.leader === before.leader && after.term === before.term, "expected no change", after)
    })
  },
  {
    name: "a content type with a charset loses the target",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { before, leaderUrl } = yield* roles(world)
      // An id that no node has would be refused if it were read.
      const body = JSON.stringify({ id: "no such node" })
      const { status } = yield* postLeader(leaderUrl, "wait", body, "application/json; charset=utf-8")
      yield* check(status === 200, "expected 200", status)
      const after = yield* agreed(world)
      yield* check(after.leader !== before.leader, "expected any other voter to lead", after)
    })
  },
  {
    name: "a target without a vote is accepted, wastes terms and moves nothing",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { before, leaderUrl } = yield* roles(world)
      const { status } = yield* postLeader(leaderUrl, "wait", JSON.stringify({ id: world.nonVoter }))
      yield* check(status === 200, "expected 200", status)
      for (let look = 0; look < 200 && (yield* leadershipAt(leaderUrl)).term === before.term; look++) {
        yield* Effect.sleep("50 millis")
      }
      const after = yield* agreed(world)
      yield* check(after.term > before.term, "expected a newer term", { before, after })
      yield* check(after.leader !== world.nonVoter, "expected a voter to lead", after)
    })
  },
  {
    name: "an unknown id is a 500 with a sentence",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { leaderUrl } = yield* roles(world)
      const { body, status } = yield* postLeader(leaderUrl, "wait", JSON.stringify({ id: "no such node" }))
      yield* check(status === 500 && body.includes("node not found in cluster"), "expected 500", body)
    })
  },
  {
    name: "the leader as target is a 500 with a sentence",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { before, leaderUrl } = yield* roles(world)
      const { body, status } = yield* postLeader(leaderUrl, "wait", JSON.stringify({ id: before.leader }))
      yield* check(
        status === 500 && /cannot step down to the current leader/i.test(body),
        "expected 500",
        body
      )
    })
  },
  {
    name: "a body that is no JSON is a 400",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { leaderUrl } = yield* roles(world)
      const { status } = yield* postLeader(leaderUrl, "wait", "{")
      yield* check(status === 400, "expected 400", status)
    })
  },
  {
    name: "a follower that is told to wait passes the request on",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { followerUrl, other } = yield* roles(world)
      const { status } = yield* postLeader(followerUrl, "wait", JSON.stringify({ id: other }))
      yield* check(status === 200, "expected 200", status)
      const after = yield* agreed(world)
      yield* check(after.leader === other, `expected ${other} to lead`, after)
    })
  },
  {
    name: "a follower that is told to redirect answers 301 to the leader",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { followerUrl, leaderUrl, other } = yield* roles(world)
      const { headers, status } = yield* postLeader(
        followerUrl,
        "wait&redirect",
        JSON.stringify({ id: other })
      )
      const location = headers.get("location") ?? ""
      yield* check(status === 301 && location.startsWith(leaderUrl), "expected 301", { status, location })
    })
  },
  {
    name: "the old form of /nodes is an object keyed by id, the new one a list",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { leaderUrl } = yield* roles(world)
      const old = JSON.parse((yield* raw(`${leaderUrl}/nodes?nonvoters`)).body) as object
      const now = JSON.parse((yield* raw(`${leaderUrl}/nodes?nonvoters&ver=2`)).body) as {
        readonly nodes?: unknown
      }
      yield* check(
        Object.keys(old).includes(world.nonVoter) && Array.isArray(now.nodes),
        "expected both",
        old
      )
    })
  },
  {
    name: "a timeout of /nodes that is no duration is a 400",
    run: Effect.fnUntraced(function* (world: TrapWorld) {
      const { leaderUrl } = yield* roles(world)
      const { status } = yield* raw(`${leaderUrl}/nodes?timeout=soon`)
      yield* check(status === 400, "expected 400", status)
    })
  }
]
