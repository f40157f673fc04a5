/**
 * Reports between agents as JSON: parts of at most `linksPerPart` links, short enough to ride on a heartbeat.
 *
 * Ages travel instead of times, so clocks need not agree; the way of the message itself, some ms, is neglected.
 */
import { Schema } from "effect"

import type { LinkEstimate } from "./core/linkRounds.ts"
import { type WantedLink, wantedMax } from "./core/wantedLinks.ts"
import type { GroupAttempt, RowReport } from "./RowExchange.ts"

/** Links in one part: some 16 kB of the 64 kB that a beat may have. */
const linksPerPart = 160
/** Parts of a report; what does not fit is counted and left out. */
const partsMax = 64
/** Attempts in a report, the newest. */
const attemptsMax = 64

const Name = Schema.String.check(Schema.isMaxLength(256))
const Millis = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1e12 }))
const Rtt = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))
const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }))

const Link = Schema.Struct({
  from: Name,
  to: Name,
  p50: Rtt,
  p90: Rtt,
  iqr: Rtt,
  n: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })),
  loss: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  /** Since the newest value, and since the last probe. */
  age: Millis,
  probed: Millis
})

const Attempt = Schema.Struct({
  group: Name,
  from: Name,
  to: Name,
  term: Schema.NullOr(Count),
  voluntary: Schema.Boolean,
  /** Left out for no, and by agents before this was. */
  costly: Schema.optionalKey(Schema.Boolean),
  age: Millis
})

const Wanted = Schema.Struct({ from: Name, to: Name, age: Millis })

const Part = Schema.Struct({
  links: Schema.Array(Link).check(Schema.isMaxLength(linksPerPart)),
  draining: Schema.Boolean,
  attempts: Schema.Array(Attempt).check(Schema.isMaxLength(attemptsMax)),
  /** Left out for none, and by agents before this was. */
  wanted: Schema.optionalKey(Schema.Array(Wanted).check(Schema.isMaxLength(wantedMax)))
})
/** One part of a report; the attempts and the wanted links are in the first. */
export type Part = typeof Part.Type

const version = { epoch: Count, seq: Count }

/** What a beat carries: the format's version, the name of the report, and the part that the peer lacks. */
const RowMessage = Schema.Struct({
  format: Schema.Literal(1),
  ...version,
  total: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: partsMax })),
  part: Schema.optionalKey(Schema.Struct({ index: Count, body: Part }))
})

/** What the answer to a beat carries: how much of the report is here. */
const RowAnswer = Schema.Struct({ ...version, next: Count })

/** Reads a message from the network. */
export const decodeRowMessage = Schema.decodeUnknownOption(RowMessage)
/** Reads an answer from the network. */
export const decodeRowAnswer = Schema.decodeUnknownOption(RowAnswer)

/** Links that fit into a report. */
export const linksMax = linksPerPart * partsMax

/** The report in parts, at least one; links beyond `linksMax` are left out. */
export const partsOf = (report: RowReport, nowMillis: number): ReadonlyArray<Part> => {
  const links = [...report.rows].flatMap(([from, row]) =>
    [...row].map(([to, estimate]) => linkOf(from, to, estimate, nowMillis))
  )
  const total = Math.min(partsMax, Math.max(1, Math.ceil(links.length / linksPerPart)))
  return Array.from({ length: total }, (_, index) => ({
    links: links.slice(index * linksPerPart, (index + 1) * linksPerPart),
    draining: report.draining.size > 0,
    attempts:
      index === 0 ? report.attempts.slice(-attemptsMax).map((attempt) => attemptOf(attempt, nowMillis)) : [],
    ...(index === 0 && report.wanted.length > 0 ? { wanted: wantedOf(report.wanted, nowMillis) } : {})
  }))
}

/** The report that the parts make up, in the times of this node. */
export const reportOf = (parts: ReadonlyArray<Part>, nowMillis: number): RowReport => {
  const rows = new Map<string, Map<string, LinkEstimate>>()
  for (const { age, from, iqr, loss, n, p50, p90, probed, to } of parts.flatMap(({ links }) => links)) {
    const row = rows.get(from) ?? new Map<string, LinkEstimate>()
    rows.set(
      from,
      row.set(to, {
        p50Millis: p50,
        p90Millis: p90,
        iqrMillis: iqr,
        rounds: n,
        loss,
        measuredAtMillis: nowMillis - age,
        probedAtMillis: nowMillis - probed
      })
    )
  }
  return {
    rows,
    draining: new Set(parts.some(({ draining }) => draining) ? rows.keys() : []),
    attempts: parts.flatMap(({ attempts }) => attempts).map((attempt) => heardAttempt(attempt, nowMillis)),
    wanted: (parts[0]?.wanted ?? []).map(({ age, from, to }) => ({
      from,
      to,
      askedAtMillis: nowMillis - age
    }))
  }
}

const linkOf = (from: string, to: string, estimate: LinkEstimate, nowMillis: number): typeof Link.Type => ({
  from,
  to,
  p50: rounded(estimate.p50Millis),
  p90: rounded(estimate.p90Millis),
  iqr: rounded(estimate.iqrMillis),
  n: estimate.rounds,
  loss: estimate.loss,
  age: rounded(nowMillis - estimate.measuredAtMillis),
  probed: rounded(nowMillis - estimate.probedAtMillis)
})

const attemptOf = (
  { atMillis, costly, from, group, term, to, voluntary }: GroupAttempt,
  nowMillis: number
): typeof Attempt.Type => ({
  group,
  from,
  to,
  term: term ?? null,
  voluntary,
  ...(costly === true ? { costly } : {}),
  age: rounded(nowMillis - atMillis)
})

const heardAttempt = (
  { age, costly, from, group, term, to, voluntary }: typeof Attempt.Type,
  nowMillis: number
): GroupAttempt => ({
  group,
  from,
  to,
  voluntary,
  ...(costly === true ? { costly } : {}),
  term: term ?? undefined,
  atMillis: nowMillis - age
})

const wantedOf = (wanted: ReadonlyArray<WantedLink>, nowMillis: number): ReadonlyArray<typeof Wanted.Type> =>
  wanted
    .slice(0, wantedMax)
    .map(({ askedAtMillis, from, to }) => ({ from, to, age: rounded(nowMillis - askedAtMillis) }))

/** To 1 us: more would only lengthen the message. */
const rounded = (millis: number): number => Math.round(millis * 1000) / 1000
