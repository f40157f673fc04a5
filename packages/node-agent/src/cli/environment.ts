/** The environment variables of this process; nothing else in the package reads them. */
export const environment: Readonly<Record<string, string | undefined>> = process.env
