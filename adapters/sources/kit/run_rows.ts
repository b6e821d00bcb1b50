/** How files that ask the catalog run their queries. */

/** Runs one query in the transaction that is open, if any; every value as text. */
export type RunRows = (sql: string) => Promise<(string | null)[][]>;
