/** What is broken on purpose, and the tests that do it. */

export interface Fault {
  readonly broken: string;
  readonly how: string;
  readonly then: string;
  /** Files or folders of tests. */
  readonly suites: readonly string[];
}

export const FAULTS: readonly Fault[] = [
  {
    broken: "the process",
    how:
      "SIGKILL before and after every write of the [order](contracts.md), in twelve modes, PostgreSQL and " +
      "MariaDB, local and S3, state in SQLite and PostgreSQL; in the middle of an upload",
    then: "the next start completes or repeats; every row once through the manifests",
    suites: [
      "tests/crash/crash_test.ts",
      "tests/crash/mysql_test.ts",
      "tests/crash/s3_test.ts",
      "tests/crash/postgres_state_test.ts",
    ],
  },
  {
    broken: "",
    how: "SIGKILL at random moments, under a writer",
    then: "the same",
    suites: ["tests/live/torture"],
  },
  {
    broken: "a child of `--parallel-export-processes`",
    how: "killed",
    then: "metric, journal and report say failed",
    suites: ["tests/live/processes"],
  },
  {
    broken: "a run, by SIGTERM and SIGINT",
    how:
      "behind a lock while planning, in a login, before a silent peer, in an upload, waiting for a reader",
    then: "exit 130, the state as before or resumable",
    suites: ["tests/live/stops"],
  },
  {
    broken: "two runs of one export",
    how: "started together, stopped and continued, killed",
    then: "the second is refused or waits; a run whose lease is gone moves nothing",
    suites: ["tests/live/lease"],
  },
  {
    broken: "the clock",
    how: "set forward and back, between runs and within one",
    then: "runs keep their order, no row is lost or doubled",
    suites: ["tests/live/lease/order_test.ts", "tests/live/clock_test.ts"],
  },
  {
    broken: "disks",
    how:
      "file systems of a few MB and of a few inodes under the destination, the state and the staged files",
    then: "the run fails by name; with room again the next one loses nothing",
    suites: ["tests/live/full_disk_test.ts"],
  },
  {
    broken: "the wire to the source",
    how: "silent midway, silent from the start, cut, cut within the login, late, dripping",
    then: "ends within its bounds as `SOURCE_*`; with a retry left it ends well",
    suites: ["tests/live/faults"],
  },
  {
    broken: "the source",
    how: "sessions ended, statement and lock timeouts, poolers",
    then: "classified once, retried or refused with the reason",
    suites: ["tests/live/postgres/session_test.ts", "tests/live/mysql/faults_test.ts"],
  },
  {
    broken: "",
    how:
      "rogue servers: silent, a row of 1.2 GB, SCRAM with a foreign nonce, a forged signature or ten million " +
      "rounds, passwords asked for in plaintext, errors before they hang up",
    then: "refused or ended by name; no password leaves",
    suites: ["tests/unit/adapters/sources/postgres/rogue_test.ts", "tests/live/mysql/auth_test.ts"],
  },
  {
    broken: "a dead source",
    how: "many chunks",
    then: "one probe at a time, then the run ends resumable",
    suites: ["tests/unit/core/access/breaker_test.ts"],
  },
  {
    broken: "a store",
    how: "resets, stalls, 5xx, lost answers, cut bodies, names that are taken",
    then: "tried again at once or by the rules; nothing is overwritten",
    suites: ["tests/live/destinations"],
  },
  {
    broken: "the end of a run",
    how:
      "manifest, `manifest.json` or `_SUCCESS` that cannot be written; state that is gone when the cursor " +
      "moves; parts that vanish",
    then: "fails, and the next start settles it",
    suites: ["tests/live/incremental/order_of_writes_test.ts"],
  },
  {
    broken: "rows while they are read",
    how: "random inserts, updates and deletes of other rows, for every cut",
    then: "what nobody touches is exported once",
    suites: ["tests/live/cuts", "tests/live/mssql/cuts_test.ts"],
  },
  {
    broken: "state",
    how: "locked, corrupt, of zero bytes, of a later version, lost while running",
    then: "refused by name; what was written is counted",
    suites: ["tests/unit/state/sqlite_test.ts", "tests/live/state"],
  },
];
