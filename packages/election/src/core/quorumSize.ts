/**
 * How many members must be alive for one of them to lead: a majority of the configured members.
 *
 * `memberCount` counts self. No members at all (a node on its own) need one.
 */
export const quorumSize = (memberCount: number): number => Math.floor(memberCount / 2) + 1
