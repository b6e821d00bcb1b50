/** `file_log`: the parts that a destination accepted (I2). */
import type { FileRecord, LeasedState } from "../../core/ports/state.ts";
import type { SqlConnection, SqlExecutor, SqlRow } from "../connection.ts";
import { number, numberOrNull, text } from "../row.ts";
import { limit, where } from "./filter.ts";

type FileLogTable = Pick<LeasedState, "logFile" | "files">;

function fileRecord(row: SqlRow): FileRecord {
  return {
    runId: text(row, "run_id"),
    exportName: text(row, "export_name"),
    fileName: text(row, "file_name"),
    destination: text(row, "destination"),
    rows: number(row, "row_count"),
    sizeBytes: number(row, "size_bytes"),
    fingerprint: text(row, "fingerprint"),
    md5: text(row, "md5"),
    format: text(row, "format"),
    compression: text(row, "compression"),
    chunkIndex: numberOrNull(row, "chunk_index"),
    createdAt: text(row, "created_at"),
  };
}

/** A part that a destination accepted. */
export async function insertFile(tx: SqlExecutor, file: FileRecord): Promise<void> {
  await tx.run(
    `INSERT INTO file_log (run_id, export_name, file_name, destination, row_count, size_bytes,
       fingerprint, md5, format, compression, chunk_index, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      file.runId,
      file.exportName,
      file.fileName,
      file.destination,
      file.rows,
      file.sizeBytes,
      file.fingerprint,
      file.md5,
      file.format,
      file.compression,
      file.chunkIndex,
      file.createdAt,
    ],
  );
}

/** `file_log`. */
export function fileLogTable(db: SqlConnection): FileLogTable {
  return {
    async logFile(file) {
      // What follows it (the chunk, the manifest) is kept; a part that is in no log is what I2 allows.
      await db.transaction((tx) => insertFile(tx, file), { durable: false });
    },

    async files(filter) {
      const matching = where({ export_name: filter.exportName, run_id: filter.runId });
      const newest = limit(filter.last);
      const rows = await db.all(
        `SELECT * FROM file_log${matching.sql} ORDER BY id DESC${newest.sql}`,
        [...matching.parameters, ...newest.parameters],
      );
      return rows.map(fileRecord);
    },
  };
}
