import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Effect } from "effect"

const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
const subject = ["-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]

/** A key and a certificate for 127.0.0.1 that is its own authority, as files that go with the scope and as PEM text. */
export const selfSigned = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "coterie-tls-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ),
  (folder) => {
    const files = { key: join(folder, "key.pem"), certificate: join(folder, "certificate.pem") }
    execFileSync("openssl", [...request, ...subject, "-keyout", files.key, "-out", files.certificate], {
      stdio: "ignore"
    })
    return {
      files,
      key: readFileSync(files.key, "utf8"),
      certificate: readFileSync(files.certificate, "utf8")
    }
  }
)
