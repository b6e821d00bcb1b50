/** `export_schema` and `export_shape`: columns and value widths of the last successful run. */
import { StateError } from "../../core/base/errors.ts";
import type { LeasedState, SchemaRecord } from "../../core/ports/state.ts";
import type { SqlConnection, SqlRow } from "../connection.ts";
import { text } from "../row.ts";

type SchemaTable = Pick<LeasedState, "schema" | "saveSchema">;
type Columns = SchemaRecord["columns"];
type Widths = SchemaRecord["widths"];

function isColumns(value: unknown): value is Columns {
  return Array.isArray(value) && value.every((c: unknown) =>
    typeof c === "object" && c !== null &&
    "name" in c && typeof c.name === "string" &&
    "nativeType" in c && typeof c.nativeType === "string" &&
    "nullable" in c && typeof c.nullable === "boolean"
  );
}

function isWidths(value: unknown): value is Widths {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((width) => typeof width === "number");
}

function parse<T>(row: SqlRow, column: string, check: (value: unknown) => value is T): T {
  const stored = text(row, column);
  let value: unknown;
  try {
    value = JSON.parse(stored);
  } catch {
    // Not JSON at all: the check below reports it.
    value = undefined;
  }
  if (check(value)) return value;
  throw new StateError("STATE_CORRUPT", `the state holds an unreadable ${column}`, {
    hint:
      "Delete the export's rows in export_schema and export_shape; the next run writes them anew.",
  });
}

/** `export_schema` and `export_shape`. */
export function schemaTable(db: SqlConnection): SchemaTable {
  return {
    async schema(exportName) {
      const rows = await db.all(
        `SELECT s.*, h.widths_json FROM export_schema s
         JOIN export_shape h ON h.export_name = s.export_name WHERE s.export_name = ?`,
        [exportName],
      );
      if (rows.length === 0) return null;
      const row = rows[0];
      return {
        exportName: text(row, "export_name"),
        columns: parse(row, "columns_json", isColumns),
        widths: parse(row, "widths_json", isWidths),
        fingerprint: text(row, "fingerprint"),
        runId: text(row, "run_id"),
        updatedAt: text(row, "updated_at"),
      };
    },

    async saveSchema(record) {
      const columns = record.columns.map(({ name, nativeType, nullable }) => ({
        name,
        nativeType,
        nullable,
      }));
      await db.transaction(async (tx) => {
        await tx.run(
          `INSERT INTO export_schema (export_name, columns_json, fingerprint, run_id, updated_at)
           VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (export_name) DO UPDATE SET columns_json = excluded.columns_json,
             fingerprint = excluded.fingerprint, run_id = excluded.run_id, updated_at = excluded.updated_at`,
          [
            record.exportName,
            JSON.stringify(columns),
            record.fingerprint,
            record.runId,
            record.updatedAt,
          ],
        );
        await tx.run(
          `INSERT INTO export_shape (export_name, widths_json, run_id, updated_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (export_name) DO UPDATE SET widths_json = excluded.widths_json,
             run_id = excluded.run_id, updated_at = excluded.updated_at`,
          [record.exportName, JSON.stringify(record.widths), record.runId, record.updatedAt],
        );
      });
    },
  };
}
