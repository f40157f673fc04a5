/** Which replicas are beside which agent, as far as names and addresses tell: so that `n3 down` and `zone b +80ms` mean replicas. */

/** A node as assumptions name it. */
export interface KnownNode {
  readonly name: string
  readonly zone: string | undefined
  readonly replicas: ReadonlyArray<string>
}

interface Located {
  readonly id: string
  /** host:port or a URL; undefined or empty when it is not known. */
  readonly address: string | undefined
}

/** The members that have a replica beside them. */
export const planNodes = (
  members: ReadonlyArray<Located & { readonly zone: string | undefined }>,
  replicas: ReadonlyArray<Located>
): ReadonlyArray<KnownNode> => {
  const beside = besideOf(members)
  return members
    .map((member) => {
      const own = replicas.filter((replica) => beside(replica) === member)
      return {
        name: member.id,
        zone: member.zone,
        replicas: [...new Set(own.map(({ id }) => id))].toSorted()
      }
    })
    .filter((node) => node.replicas.length > 0)
}

/**
 * Tells which member a replica is beside: the member of its name, else the only member on its host. Where several members share a host, as on
 * one machine, addresses say nothing, and it is undefined.
 */
export const besideOf = <M extends Located>(
  members: ReadonlyArray<M>
): ((replica: Located) => M | undefined) => {
  const byHost = Map.groupBy(members, ({ address }) => hostOf(address))
  return (replica) => {
    const named = members.find(({ id }) => id === replica.id)
    if (named !== undefined) return named
    const host = hostOf(replica.address)
    const [only, ...others] = (host === undefined ? undefined : byHost.get(host)) ?? []
    return others.length === 0 ? only : undefined
  }
}

const hostOf = (address = ""): string | undefined => {
  const host = URL.parse(address.includes("://") ? address : `tcp://${address}`)?.hostname
  return host === "" ? undefined : host
}
