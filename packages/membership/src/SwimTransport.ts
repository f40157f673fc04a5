/**
 * The network under SWIM: packets that may get lost, and streams, at one address.
 *
 * Everything is handed over by plain calls as it arrives: a packet must reach the protocol before the timer that asks whether it came.
 */
import { Context, type Effect, Schema, type Scope } from "effect"

/** A seed's name could not be turned into addresses. */
export class SeedUnresolved extends Schema.TaggedError<SeedUnresolved>()("SeedUnresolved", {
  seed: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `seed ${this.seed}: ${this.detail}`
  }
}

/** This end of a stream. */
export interface SwimStream {
  /** Bytes for the other end, in order. `sent` is called later, when they have left this process; never when the stream breaks before. */
  write(bytes: Uint8Array, sent?: () => void): void
  /** Says that nothing more comes from here, after what was written; what the other end still says is not heard. */
  end(): void
  /** Lets go of the stream at once; its handler hears nothing more. */
  destroy(): void
}

/** What happens to a stream; never called before the call that made the stream has returned. */
export interface SwimStreamHandler {
  onBytes(bytes: Uint8Array): void
  /** The other end is gone, or could not be reached; the last call. */
  onClosed(detail: string): void
}

/** Takes what arrives. */
export interface SwimTransportHandler {
  /** A packet and the address that it came from. */
  onPacket(packet: Uint8Array, from: string): void
  /** A packet to this address failed at once: no route, or nobody there. */
  onUnreachable(address: string): void
  /** Somebody opened a stream to this node, from an address that need not be one where packets reach it. */
  onStream(stream: SwimStream, from: string): SwimStreamHandler
}

/** Packets and streams of one node. */
export class SwimTransport extends Context.Service<
  SwimTransport,
  {
    /** Where others reach this node. */
    readonly address: string
    /** Whether a text is an address that this transport can reach, at most 64 characters; what peers claim is checked with it. */
    isAddress(text: string): boolean
    /** Sends a packet, or loses it; what an address beyond `isAddress` gets is lost. */
    send(address: string, packet: Uint8Array): void
    /** Opens a stream; a failure to reach the address is told to the handler. */
    connect(address: string, handler: SwimStreamHandler): SwimStream
    /** Addresses behind a seed, which may be a name, as they are now; at least one. */
    resolve(seed: string): Effect.Effect<ReadonlyArray<string>, SeedUnresolved>
    /** Succeeds when the packets that have arrived in the system are handed over, as far as that can be known. */
    readonly drain: Effect.Effect<void>
    /** Makes the handler take what arrives until the scope closes; before and after, all is lost. Dies when there is one already. */
    serve(handler: SwimTransportHandler): Effect.Effect<void, never, Scope.Scope>
  }
>()("@coterie/membership/SwimTransport") {}
