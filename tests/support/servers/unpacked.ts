/** A database server's programs in a folder of their own, installed nowhere. */
export interface Unpacked {
  /** The command that runs the daemon, before its own options. */
  readonly command: readonly string[];
  /** The server's folder, and the same as the daemon sees it. */
  readonly root: string;
  readonly seenAs: string;
  /** Where its SQL for a new data folder may lie. */
  readonly share: readonly string[];
}
