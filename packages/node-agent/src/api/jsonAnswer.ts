import { HttpServerResponse } from "effect/http"

/** A report as it is now. A field without a value is left out; the codec of the API would write null. */
export const jsonAnswer = (report: object, status = 200): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(report, { status, headers: { "cache-control": "no-store" } })
