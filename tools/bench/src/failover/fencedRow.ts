/**
 * A row that only the newest leader may write: the database refuses a token smaller than the largest it has seen, in the same statement as
 * the write. Every attempt is kept, so that a trial can be judged afterwards.
 */
import { DatabaseSync } from "node:sqlite"

/** One attempt to write, in the order in which the database took them. */
export interface Attempt {
  readonly holder: string
  readonly token: number
  readonly accepted: boolean
}

/** SQLite's code for a file that another process has locked. */
const busy = 5

/** The row in its file; several processes may have it open. */
export class FencedRow {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file)
    this.#database.exec("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS resource(id INTEGER PRIMARY KEY, token INTEGER NOT NULL, holder TEXT NOT NULL);
      INSERT OR IGNORE INTO resource VALUES(1, 0, '');
      CREATE TABLE IF NOT EXISTS attempts(id INTEGER PRIMARY KEY, holder TEXT, token INTEGER, accepted INTEGER);
    `)
    // Whoever is stopped in the middle of a write keeps the file locked: the others must not wait for it, as waiting stops them too.
    this.#database.exec("PRAGMA busy_timeout = 20")
  }

  /** Writes as `holder`; false when the token is out of date, or when the file is locked, which is no attempt. */
  write(holder: string, token: number): boolean {
    if (!this.#begin()) return false
    const { changes } = this.#database
      .prepare("UPDATE resource SET token = ?, holder = ? WHERE id = 1 AND token <= ?")
      .run(token, holder, token)
    const accepted = changes === 1
    this.#database
      .prepare("INSERT INTO attempts(holder, token, accepted) VALUES(?, ?, ?)")
      .run(holder, token, accepted ? 1 : 0)
    this.#database.exec("COMMIT")
    return accepted
  }

  #begin(): boolean {
    try {
      this.#database.exec("BEGIN IMMEDIATE")
      return true
    } catch (cause) {
      // The primary result code is the low byte.
      if (cause instanceof Error && "errcode" in cause && (Number(cause.errcode) & 0xff) === busy)
        return false
      throw cause
    }
  }

  /** Every attempt so far. */
  attempts(): ReadonlyArray<Attempt> {
    return this.#database
      .prepare("SELECT holder, token, accepted FROM attempts ORDER BY id")
      .all()
      .map(({ accepted, holder, token }) => ({
        holder: String(holder),
        token: Number(token),
        accepted: accepted === 1
      }))
  }

  /** Closes the file. */
  close(): void {
    this.#database.close()
  }
}

/** What is wrong with a history of writes: an older token accepted after a newer one, or a token that two nodes used. */
export const fencingViolations = (attempts: ReadonlyArray<Attempt>): ReadonlyArray<string> => {
  const owners = new Map<number, string>()
  const violations: Array<string> = []
  let highest = 0
  for (const { accepted, holder, token } of attempts) {
    const owner = owners.get(token) ?? holder
    owners.set(token, owner)
    if (owner !== holder) violations.push(`token ${token} was used by ${owner} and ${holder}`)
    if (accepted && token < highest)
      violations.push(`token ${token} of ${holder} was accepted after ${highest}`)
    if (accepted) highest = Math.max(highest, token)
  }
  return violations
}
