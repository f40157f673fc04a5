/** The command cannot be run as it was written; the message says what would be right. */
export class CommandError extends Error {}
