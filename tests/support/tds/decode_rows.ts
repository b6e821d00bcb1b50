/** Row tokens through the adapter's reader of tokens and its decoder, without a socket. */
import { Buffer } from "node:buffer";
import { RowDecoder } from "../../../adapters/sources/mssql/decode.ts";
import { type ColumnMetadata, fieldOf } from "../../../adapters/sources/mssql/fields.ts";
import type { Kernel } from "../../../adapters/sources/mssql/kernel/kernel.ts";
import { isRefusal } from "../../../adapters/sources/kit/describe.ts";
import { planColumn } from "../../../adapters/sources/mssql/types.ts";
import {
  type RowSink,
  type TokenHandler,
  TokenReader,
} from "../../../adapters/sources/mssql/wire/tokens.ts";
import type { Batch } from "../../../core/batch/batch.ts";
import type { Column, RivetType } from "../../../core/types/types.ts";
import { colMetadata, done } from "./tokens.ts";
import { PLAIN, type Traits } from "./traits.ts";
import type { TdsColumn } from "./types.ts";

export interface DecodeRowsOptions {
  readonly overrides?: ReadonlyMap<string, RivetType>;
  /** Where the bytes are cut, ascending; not at all without it. */
  readonly cuts?: readonly number[];
  readonly batchRows?: number;
  readonly batchBytes?: number;
  readonly maxValueBytes?: number;
  /** How the server sends the columns; the rows are to be made the same way. */
  readonly traits?: Traits;
  /** null: all of it is done in TypeScript. */
  readonly kernel?: Kernel | null;
}

export interface Decoded {
  readonly columns: readonly Column[];
  readonly batches: readonly Batch[];
  /** What was told besides rows. */
  readonly tokens: readonly string[];
}

/** Notes the names of what it is told. */
export function notingHandler(
  told: string[],
  onColumns: (columns: readonly ColumnMetadata[]) => void = () => {},
): TokenHandler {
  return {
    error: ({ number }) => told.push(`error ${number}`),
    columns(columns) {
      told.push("columns");
      onColumns(columns);
    },
    done: () => told.push("done"),
    loginAck: (version) => told.push(`login ${version.toString(16)}`),
    packetSize: (bytes) => told.push(`packets ${bytes}`),
    collation: ({ codepage }) => told.push(`collation ${codepage}`),
    transaction: (descriptor) => told.push(`transaction ${descriptor?.toHex() ?? "none"}`),
    route: ({ host, port, instance }) => told.push(`route ${host}:${port} ${instance}`),
  };
}

/** Where there are no rows. */
export const NO_ROWS: RowSink = { withinRow: false, append: () => {}, take: () => null };

function plannedColumns(
  metadata: readonly ColumnMetadata[],
  overrides: ReadonlyMap<string, RivetType>,
): Column[] {
  return metadata.map((m) => {
    const field = fieldOf(m);
    const plan = planColumn(field, overrides.get(field.name));
    if (isRefusal(plan)) throw new TypeError(`${field.name}: ${plan.reason}`);
    const { name, nativeType, nullable } = field;
    return { name, type: plan.type, nullable, nativeType, fidelity: plan.fidelity };
  });
}

/** The columns as COLMETADATA describes them. */
export function readMetadata(
  columns: readonly TdsColumn[],
  traits = PLAIN,
): readonly ColumnMetadata[] {
  let found: readonly ColumnMetadata[] = [];
  const reader = new TokenReader(notingHandler([], (columns) => found = columns), NO_ROWS);
  reader.append(colMetadata(columns, traits));
  reader.read();
  return found;
}

/** @throws what the decoder reports. */
export function decodeRows(
  columns: readonly TdsColumn[],
  rows: readonly Uint8Array[],
  options: DecodeRowsOptions = {},
): Decoded {
  const { overrides = new Map<string, RivetType>(), cuts = [], traits = PLAIN } = options;
  const planned = plannedColumns(readMetadata(columns, traits), overrides);
  const batches: Batch[] = [];
  const failures: unknown[] = [];
  const decoder = new RowDecoder(
    {
      columns: () => planned,
      batchRows: options.batchRows ?? 1000,
      batchBytes: options.batchBytes ?? 1024 * 1024,
      maxValueBytes: options.maxValueBytes ?? 1024 * 1024,
    },
    (batch) => batches.push(batch),
    (error) => failures.push(error),
    options.kernel,
  );
  const bytes = Buffer.concat([colMetadata(columns, traits), ...rows, done({ rows: rows.length })]);
  const tokens: string[] = [];
  const reader = new TokenReader(notingHandler(tokens), decoder);
  const ends = [...cuts, bytes.length];
  let from = 0;
  for (const to of ends) {
    reader.append(bytes.subarray(from, to));
    from = to;
    reader.read();
  }
  reader.end();
  decoder.finish();
  decoder.release();
  if (failures.length > 0) throw failures[0];
  return { columns: planned, batches, tokens };
}
