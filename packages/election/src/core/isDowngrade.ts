/** Whether going from one origin to another would give up TLS, and show credentials to everybody on the way. */
export const isDowngrade = (from: string, to: string): boolean =>
  from.startsWith("https:") && !to.startsWith("https:")
