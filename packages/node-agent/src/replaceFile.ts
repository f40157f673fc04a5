import { open, rename } from "node:fs/promises"
import { dirname } from "node:path"

/** Writes a small file so that a crash leaves the old or the new one, readable by this user only. */
export const replaceFile = async (path: string, text: string): Promise<void> => {
  const beside = `${path}.new`
  await using file = await open(beside, "w", 0o600)
  await file.writeFile(text)
  await file.sync()
  await rename(beside, path)
  await using folder = await open(dirname(path), "r")
  await folder.sync()
}
