/** A decision to move the lead of a shard's group to another node. */
export interface PlannedMove {
  /** The shard that the move is about, 0 to 1023. */
  readonly shard: number
  /** The node that leads the group when the move is planned. */
  readonly source: string
  readonly target: string
  /** The group that serves the shard. */
  readonly group: number
}
