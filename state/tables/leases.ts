/** `export_lease`: one holder per export, and the fence that every write of a run passes. */
import { StateError } from "../../core/base/errors.ts";
import type {
  Lease,
  LeaseAnswer,
  LeasedState,
  LeaseOwner,
  LeaseStatus,
  StateStore,
} from "../../core/ports/state.ts";
import { inOrder, type SqlConnection, type SqlExecutor, type SqlRow } from "../connection.ts";
import type { Processes } from "../processes.ts";
import { number, text, textOrNull } from "../row.ts";

type LeaseTable = Pick<StateStore, "leases" | "acquireLease" | "endLease">;

/** A lease that this process was given. */
export interface Grant {
  readonly exportName: string;
  readonly number: number;
  /** Of this lease alone, also when a restored backup hands out its number again. */
  readonly token: string;
  readonly lengthMs: number;
}

const LOST_HINT =
  "Nothing was written to the state since then, and the cursor has not moved. Run again " +
  "when the other run has ended; 'rivet state locks' shows it.";

function statusOf(row: SqlRow, owner: LeaseOwner, now: string, processes: Processes): LeaseStatus {
  // A shared lease outlives whoever joined it last.
  if (row.shared_run === null && processes.isGone(owner)) return "dead";
  return text(row, "expires_at") <= now ? "expired" : "live";
}

/** Who wrote the row. */
export function ownerOf(row: SqlRow): LeaseOwner {
  return {
    host: text(row, "host"),
    hostId: text(row, "host_id"),
    pid: number(row, "pid"),
    processStart: textOrNull(row, "process_start"),
  };
}

/** A row of the table, as it is at `now`. */
export function lease(row: SqlRow, now: string, processes: Processes): Lease {
  const owner = ownerOf(row);
  return {
    exportName: text(row, "export_name"),
    number: number(row, "number"),
    sharedRun: textOrNull(row, "shared_run"),
    runId: textOrNull(row, "run_id"),
    owner,
    acquiredAt: text(row, "acquired_at"),
    renewedAt: text(row, "renewed_at"),
    expiresAt: text(row, "expires_at"),
    status: statusOf(row, owner, now, processes),
  };
}

/** The database's, in milliseconds. */
export async function clock(db: SqlConnection, tx: SqlExecutor): Promise<number> {
  const [row] = await tx.all(`SELECT ${db.dialect.clockMs} AS now_ms`);
  return number(row, "now_ms");
}

/** As times are stored. */
export const iso = (ms: number) => new Date(ms).toISOString();

/** The export's row, created when missing, kept from changing until the transaction ends. */
export async function lockRow(
  db: SqlConnection,
  tx: SqlExecutor,
  exportName: string,
): Promise<SqlRow> {
  await tx.run(
    "INSERT INTO export_lease (export_name, number) VALUES (?, 0) ON CONFLICT (export_name) DO NOTHING",
    [exportName],
  );
  const rows = await tx.all(
    `SELECT * FROM export_lease WHERE export_name = ?${db.dialect.forUpdate}`,
    [exportName],
  );
  return rows[0];
}

/** Gives the row to the owner; the number is above that of every lease so far, of any export. */
export async function take(
  tx: SqlExecutor,
  { exportName, token, lengthMs }: Omit<Grant, "number">,
  owner: LeaseOwner,
  nowMs: number,
): Promise<number> {
  const [taken] = await tx.all(
    `UPDATE export_lease SET number = (SELECT MAX(number) FROM export_lease) + 1, token = ?,
       last_run_id = COALESCE(run_id, last_run_id), run_id = NULL, host = ?, host_id = ?, pid = ?,
       process_start = ?, acquired_at = ?, renewed_at = ?, expires_at = ?,
       shared_run = NULL WHERE export_name = ? RETURNING number`,
    [
      token,
      ...[owner.host, owner.hostId, owner.pid, owner.processStart],
      ...[iso(nowMs), iso(nowMs), iso(nowMs + lengthMs)],
      exportName,
    ],
  );
  return number(taken, "number");
}

async function hasOpenTasks(tx: SqlExecutor, runId: string): Promise<boolean> {
  const open = await tx.all(
    "SELECT 1 FROM chunk_task WHERE run_id = ? AND status <> 'completed' LIMIT 1",
    [runId],
  );
  return open.length > 0;
}

/** @param open makes the state that writes under a grant. */
export function leaseTable(
  db: SqlConnection,
  processes: Processes,
  open: (grant: Grant) => LeasedState,
): LeaseTable {
  return {
    async leases() {
      const rows = await db.all(
        "SELECT * FROM export_lease WHERE token IS NOT NULL ORDER BY export_name",
      );
      const now = iso(await clock(db, db));
      return rows.map((row) => lease(row, now, processes));
    },

    async acquireLease(exportName, lengthMs, finishes): Promise<LeaseAnswer> {
      const token = crypto.randomUUID();
      return await db.transaction(async (tx) => {
        const row = await lockRow(db, tx, exportName);
        const nowMs = await clock(db, tx);
        if (row.token !== null) {
          const by = lease(row, iso(nowMs), processes);
          const givenUp = by.sharedRun !== null && by.sharedRun === finishes &&
            !await hasOpenTasks(tx, by.sharedRun);
          if (by.status === "live" && !givenUp) return { kind: "held", by };
        }
        const wanted = { exportName, token, lengthMs };
        const number = await take(tx, wanted, processes.self, nowMs);
        return { kind: "granted", state: open({ ...wanted, number }) };
      });
    },

    async endLease(exportName, number) {
      return await db.transaction(async (tx) => {
        await lockRow(db, tx, exportName);
        const ended = await tx.run(
          `UPDATE export_lease SET token = NULL
           WHERE export_name = ? AND number = ? AND token IS NOT NULL`,
          [exportName, number],
        );
        return ended > 0;
      });
    },
  };
}

/** Who has it instead, where that can be asked still. */
export async function lost(tx: SqlExecutor, grant: Grant): Promise<StateError> {
  return lostTo(grant, await holderOf(tx, grant).catch(() => "another run has it now"));
}

async function holderOf(tx: SqlExecutor, grant: Grant): Promise<string> {
  const rows = await tx.all("SELECT * FROM export_lease WHERE export_name = ?", [grant.exportName]);
  const now = rows.find((row) => row.token !== null);
  return now === undefined
    ? "it was taken away ('rivet state unlock')"
    : `${textOrNull(now, "run_id") ?? "another run"} has it now (host ${text(now, "host")}, pid ${
      number(now, "pid")
    })`;
}

function lostTo({ exportName, number }: Grant, whom: string): StateError {
  return new StateError(
    "LEASE_LOST",
    `the lease ${number} of export '${exportName}' is no longer ours: ${whom}`,
    { hint: LOST_HINT },
  );
}

/** @throws StateError LEASE_LOST */
export async function requireHeld(db: SqlConnection, tx: SqlExecutor, grant: Grant): Promise<void> {
  // Kept until the transaction ends: the lease cannot change hands between this look and the write.
  const held = await tx.all(
    `SELECT 1 FROM export_lease
     WHERE export_name = ? AND number = ? AND token = ?${db.dialect.forShare}`,
    [grant.exportName, grant.number, grant.token],
  );
  if (held.length === 0) throw await lost(tx, grant);
}

/** The connection whose every write is refused once the lease has changed hands. */
export function fenced(db: SqlConnection, grant: Grant): SqlConnection {
  const transaction: SqlConnection["transaction"] = (work, options) =>
    // What is written before the answer is known is rolled back with it.
    db.transaction((tx) => inOrder(requireHeld(db, tx, grant), work(tx)), options);
  return {
    dialect: db.dialect,
    location: db.location,
    all: (sql, parameters) => db.all(sql, parameters),
    run: (sql, parameters) => transaction((tx) => tx.run(sql, parameters)),
    transaction,
    close: () => db.close(),
  };
}

type HeldLease = Pick<LeasedState, "lease" | "renew" | "release">;

/** What the holder of a lease does with it. */
export function heldLease(db: SqlConnection, grant: Grant): HeldLease {
  const { exportName, token } = grant;
  const where = "WHERE export_name = ? AND number = ? AND token = ?";
  const key = [exportName, grant.number, token];
  return {
    lease: { exportName, number: grant.number },

    async renew() {
      await db.transaction(async (tx) => {
        const nowMs = await clock(db, tx);
        const renewed = await tx.run(
          `UPDATE export_lease SET renewed_at = ?, expires_at = ? ${where}`,
          [iso(nowMs), iso(nowMs + grant.lengthMs), ...key],
        );
        if (renewed === 0) throw await lost(tx, grant);
      });
    },

    async release() {
      await db.transaction(async (tx) => {
        await lockRow(db, tx, exportName);
        await tx.run(`UPDATE export_lease SET token = NULL ${where}`, key);
      });
    },
  };
}
