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

/**
 * The members that have a replica beside them. A replica is beside the member of its name, and beside the only member on its host: where several
 * members share a host, as on one machine, addresses say nothing.
 */
export const planNodes = (
  members: ReadonlyArray<Located & { readonly zone: string | undefined }>,
  replicas: ReadonlyArray<Located>
): ReadonlyArray<KnownNode> => {
  const hosts = members.map(({ address }) => hostOf(address))
  const isShared = (host: string) => hosts.filter((other) => other === host).length > 1
  return members
    .map(({ id, zone }, index) => {
      const host = hosts[index]
      const beside = replicas.filter(
        (replica) =>
          replica.id === id || (host !== undefined && !isShared(host) && hostOf(replica.address) === host)
      )
      return { name: id, zone, replicas: [...new Set(beside.map((replica) => replica.id))].toSorted() }
    })
    .filter((node) => node.replicas.length > 0)
}

const hostOf = (address = ""): string | undefined => {
  const host = URL.parse(address.includes("://") ? address : `tcp://${address}`)?.hostname
  return host === "" ? undefined : host
}
