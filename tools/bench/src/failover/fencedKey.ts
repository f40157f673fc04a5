/**
 * A key of etcd that only the newest leader may write: each write is a transaction that compares the stored token with its own. Every attempt is
 * kept, so that a trial can be judged afterwards.
 */
import { randomUUID } from "node:crypto"

import { httpAnswer } from "@coterie/tools-engines"

import type { Attempt } from "./fencedRow.ts"

const base64 = (text: string): string => Buffer.from(text).toString("base64")
const plain = (encoded: string): string => Buffer.from(encoded, "base64").toString()

/** Tokens as text of one length: etcd compares values by their bytes. */
const digits = (token: number): string => base64(String(token).padStart(16, "0"))

const tokenKey = base64("trial/token")
const holderKey = base64("trial/holder")
const attemptPrefix = "trial/attempt/"
/** The end of a range of all keys with the prefix: `0` follows `/` in ASCII. */
const attemptEnd = base64("trial/attempt0")
const pageKeys = 1000

interface Row {
  readonly key: string
  readonly value: string
  readonly create_revision: string
}

/** The key, over the JSON gateway of one member. */
export class FencedKey {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Makes the key; to be called once, before the first write. */
  async create(): Promise<void> {
    await this.#ask("/v3/kv/put", { key: tokenKey, value: digits(0) })
  }

  /** Writes as `holder`; false when the token is out of date. Rejects when there is no answer. */
  async write(holder: string, token: number): Promise<boolean> {
    const attempt = (accepted: boolean) => ({
      request_put: {
        key: base64(`${attemptPrefix}${randomUUID()}`),
        value: base64(JSON.stringify({ holder, token, accepted } satisfies Attempt))
      }
    })
    const answer = await this.#ask<{ readonly succeeded?: boolean }>("/v3/kv/txn", {
      compare: [{ key: tokenKey, target: "VALUE", result: "LESS", value: digits(token + 1) }],
      success: [
        { request_put: { key: tokenKey, value: digits(token) } },
        { request_put: { key: holderKey, value: base64(holder) } },
        attempt(true)
      ],
      failure: [attempt(false)]
    })
    return answer.succeeded === true
  }

  /** Every attempt so far, in the order in which etcd took them. */
  async attempts(): Promise<ReadonlyArray<Attempt>> {
    const rows: Array<Row> = []
    for (let from = base64(attemptPrefix); ;) {
      const { kvs = [] } = await this.#ask<{ readonly kvs?: ReadonlyArray<Row> }>("/v3/kv/range", {
        key: from,
        range_end: attemptEnd,
        limit: String(pageKeys)
      })
      rows.push(...kvs)
      const last = kvs.at(-1)
      if (last === undefined || kvs.length < pageKeys) break
      from = base64(`${plain(last.key)}\0`)
    }
    return rows
      .toSorted((a, b) => Number(a.create_revision) - Number(b.create_revision))
      .map(({ value }) => JSON.parse(plain(value)) as Attempt)
  }

  async #ask<A>(path: string, body: object): Promise<A> {
    const question = { method: "POST", body: JSON.stringify(body) } as const
    const answer = await httpAnswer(`${this.#url}${path}`, question)
    if (answer.status !== 200) throw new Error(`etcd answered ${answer.status} to ${path}: ${answer.body}`)
    return JSON.parse(answer.body) as A
  }
}
