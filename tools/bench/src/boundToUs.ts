/** A child that is stopped does not notice that we are gone; the kernel kills it then. */
import { locateCommand } from "@coterie/tools-engines"

const setpriv = locateCommand("setpriv")

/** Words before a child's command that bind its life to ours; none where the system has no such command. */
export const boundToUs: ReadonlyArray<string> =
  setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL", "--"]
