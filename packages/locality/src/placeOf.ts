import type { Replica } from "@coterie/election"

/** What links are kept by: a replica's address, so that groups on the same nodes share them, or its id where the engine gives none. */
export const placeOf = ({ address, id }: Replica): string => (address === "" ? id : address)
