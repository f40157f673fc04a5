/** Messages of the application that ride on gossip: told on once, delivered once per node while they are remembered. */
import { enqueueUser } from "./dissemination.ts"
import type { UserEvent } from "./messages.ts"
import { itemBytesMax, scheduleGossip } from "./outbox.ts"
import { emit, type SwimState, type Turn } from "./swimState.ts"

/** Pairs of origin and name that are remembered for every event that may be queued. */
const rememberedPerQueued = 8

/** Sends an event to every member, or tells why not. */
export const broadcast = (turn: Turn, name: string, payload: Uint8Array): void => {
  const { state } = turn
  const { generation, id } = state.self
  const event: UserEvent = {
    kind: "user",
    origin: id,
    generation,
    name,
    version: state.userVersion + 1,
    payload
  }
  const refused = enqueue(turn, event)
  if (refused !== undefined) return emit(turn, { _tag: "BroadcastRefused", name, reason: refused })
  state.userVersion += 1
  remember(state, event)
}

/** Delivers an event that is new here, and tells it on. */
export const onUserEvent = (turn: Turn, event: UserEvent): void => {
  const { state } = turn
  const known = state.userEvents.get(nameOf(event))
  if (
    event.origin === state.self.id ||
    (known !== undefined &&
      (event.generation < known.generation ||
        (event.generation === known.generation && event.version <= known.version)))
  ) {
    state.counters.userEventsRepeated += 1
    return
  }
  remember(state, event)
  if (enqueue(turn, event) !== undefined) state.counters.userEventsRefused += 1
  emit(turn, { _tag: "UserEventReceived", event })
}

const enqueue = (turn: Turn, event: UserEvent): "QueueFull" | "TooLarge" | undefined => {
  const { state } = turn
  const bytes = state.sizes.item(event)
  if (bytes > itemBytesMax(state)) return "TooLarge"
  if (!enqueueUser(state.queue, event, bytes, state.options)) return "QueueFull"
  scheduleGossip(turn)
  return undefined
}

const remember = ({ options, userEvents }: SwimState, event: UserEvent): void => {
  const name = nameOf(event)
  userEvents.delete(name)
  userEvents.set(name, { generation: event.generation, version: event.version })
  if (userEvents.size <= rememberedPerQueued * options.userEventsMax) return
  for (const oldest of userEvents.keys()) {
    userEvents.delete(oldest)
    return
  }
}

const nameOf = ({ name, origin }: UserEvent): string => `${origin} ${name}`
