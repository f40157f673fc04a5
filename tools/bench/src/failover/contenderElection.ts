/** The election of one contender, over HTTP or over a store. */
import {
  type Election,
  FilePromiseStore,
  HeartbeatLeaseTransport,
  LeasedQuorumElection,
  LeaseElection,
  type LeaseStore,
  type LeaseStoreError
} from "@coterie/election"
import { layerEtcd } from "@coterie/election/store/etcd"
import { layerPostgres } from "@coterie/election/store/postgres"
import { layerRqlite } from "@coterie/election/store/rqlite"
import { layerSqlite } from "@coterie/election/store/sqlite"
import { HeartbeatMembership } from "@coterie/membership"
import { HttpTransport } from "@coterie/membership/transport/http"
import { Duration, Layer, Redacted } from "effect"

import type { ContenderElection, ContenderSettings, LeaseStorePlace } from "./settings.ts"

/** The election that the settings name. */
export const contenderElection = (settings: ContenderSettings): Layer.Layer<Election, unknown> =>
  settings.election.strategy === "lease"
    ? leaseElection(settings, settings.election.store)
    : leasedQuorum(settings, settings.election)

const guardOf = (leaseMillis: number) => Duration.millis(leaseMillis * 0.05 + 1)

const leasedQuorum = (
  { self, timing: { heartbeatMillis, leaseMillis } }: ContenderSettings,
  { peers, promiseFile }: Extract<ContenderElection, { readonly strategy: "leasedQuorum" }>
) => {
  const own = peers.find(({ id }) => id === self)
  return LeasedQuorumElection.layer({
    lease: Duration.millis(leaseMillis),
    guard: guardOf(leaseMillis),
    defer: Duration.millis(heartbeatMillis / 2),
    poll: Duration.millis(heartbeatMillis / 10)
  }).pipe(
    Layer.provide(HeartbeatLeaseTransport.layer),
    Layer.provide(FilePromiseStore.layer(promiseFile)),
    Layer.provide(
      HeartbeatMembership.layer({
        cluster: "bench",
        self,
        peers: peers.map(({ host, id, port }) => ({ id, address: `http://${host}:${port}` })),
        interval: Duration.millis(heartbeatMillis),
        deadAfter: Duration.millis(leaseMillis)
      })
    ),
    Layer.provide(
      HttpTransport.layerListening({ listen: { host: own?.host ?? "127.0.0.1", port: own?.port ?? 0 } })
    )
  )
}

const leaseElection = ({ self, timing: { leaseMillis } }: ContenderSettings, store: LeaseStorePlace) =>
  LeaseElection.layer({
    self,
    ttl: Duration.millis(leaseMillis),
    guard: guardOf(leaseMillis)
  }).pipe(Layer.provide(layerOf(store)))

const layerOf = (place: LeaseStorePlace): Layer.Layer<LeaseStore, LeaseStoreError> => {
  switch (place.system) {
    case "sqlite":
      return layerSqlite({ path: place.path })
    case "rqlite":
      return layerRqlite({ urls: place.urls })
    case "etcd":
      return layerEtcd({ urls: place.urls })
    case "postgres":
      return layerPostgres({ url: Redacted.make(place.url) })
  }
}
