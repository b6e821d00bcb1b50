/** How busy a source is, for who reads less of it then. */

/** A moment of the server; what it does not tell this user is null, as is what it does not have. */
export interface SourceLoad {
  /** Seconds that its replicas are behind it, or it is behind its primary. */
  readonly replicationLagS: number | null;
  /** Sessions of the database that wait for a lock. */
  readonly lockWaits: number | null;
  /** Sessions that run a statement: Rivet's readers among them, and not the one that asks. */
  readonly activeSessions: number | null;
  /** What stays hidden from this user, and what would show it, as a sentence; null when nothing does. */
  readonly hidden: string | null;
}
