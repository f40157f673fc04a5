/** The keys of the live demo: k or r and then a node, or q. */

/** What a key asks for. */
export type KeyAction =
  | { readonly _tag: "Kill"; readonly node: string }
  | { readonly _tag: "Restart"; readonly node: string }
  | { readonly _tag: "Quit" }

/** What was pressed and waits for a node. */
export type PendingKey = "Kill" | "Restart" | undefined

/** What one key leads to; any key that means nothing here drops what was pending. */
export const press = (
  pending: PendingKey,
  key: string,
  nodes: ReadonlyArray<string>
): { readonly pending: PendingKey; readonly action?: KeyAction } => {
  if (key === " ") return { pending }
  if (pending !== undefined && nodes.includes(key))
    return { pending: undefined, action: { _tag: pending, node: key } }
  switch (key) {
    case "k":
      return { pending: "Kill" }
    case "r":
      return { pending: "Restart" }
    case "q":
      return { pending: undefined, action: { _tag: "Quit" } }
    default:
      return { pending: undefined }
  }
}

/** What can be pressed now. */
export const keyHelp = (pending: PendingKey, nodes: ReadonlyArray<string>): string =>
  pending === undefined
    ? "k kill a node   r restart a node   q quit"
    : `${pending === "Kill" ? "kill" : "restart"} which node? ${nodes.join(" ")}`
