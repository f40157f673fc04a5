/**
 * Which keys a node holds after a restart: those that its ring had, changed by what changed in the configuration meanwhile.
 *
 * The configuration alone would forget keys that were installed while the node ran, which locks it out of its cluster, and bring back those that
 * were removed; the kept ring alone would make an edited configuration do nothing. A key that was removed while the node ran comes back only when
 * it is new in the configuration.
 */

/** A key and a name for it that does not tell the key. */
export interface NamedKey {
  readonly key: string
  readonly name: string
}

/** What a node kept at its last run. */
export interface KeptRing {
  /** The first one seals. */
  readonly keys: ReadonlyArray<NamedKey>
  /** Names of the configured keys of that run, the first one first. */
  readonly configured: ReadonlyArray<string>
}

/**
 * The keys to start with, the first of which seals. Keys that were dropped from the configuration since the last run go, new ones come, and a
 * new first one seals unless it was removed; where nothing changed the ring stays as it was kept. A ring that would be empty keeps its sealing key.
 */
export const ringAtStart = (
  configured: ReadonlyArray<NamedKey>,
  kept: KeptRing | undefined
): ReadonlyArray<string> => {
  if (kept === undefined) return distinct(configured)
  const names = new Set(configured.map(({ name }) => name))
  const stayed = kept.keys.filter(({ name }) => names.has(name) || !kept.configured.includes(name))
  const added = configured.filter(({ name }) => !kept.configured.includes(name))
  const [first] = configured
  const isFirstNew = first !== undefined && first.name !== kept.configured[0]
  const hasSealing = stayed[0] !== undefined && stayed[0].name === kept.keys[0]?.name
  const mayCome = [...stayed, ...added]
  const sealing = isFirstNew || !hasSealing ? mayCome.filter(({ name }) => name === first?.name) : []
  const ring = distinct([...sealing, ...mayCome])
  return ring.length > 0 ? ring : distinct(kept.keys.slice(0, 1))
}

const distinct = (keys: ReadonlyArray<NamedKey>): ReadonlyArray<string> => [
  ...new Map(keys.map(({ key, name }) => [name, key])).values()
]
