/** Row tokens through the driver's own parser and the adapter's decoder, without a socket. */
import { Buffer } from "node:buffer";
import StreamParser from "tedious/lib/token/stream-parser.js";
import { RowDecoder } from "../../../adapters/sources/mssql/decode.ts";
import { type ColumnMetadata, fieldOf } from "../../../adapters/sources/mssql/fields.ts";
import { installRowHook, setRowSink } from "../../../adapters/sources/mssql/row_hook.ts";
import { isRefusal } from "../../../adapters/sources/kit/describe.ts";
import { planColumn } from "../../../adapters/sources/mssql/types.ts";
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
}

export interface Decoded {
  readonly columns: readonly Column[];
  readonly batches: readonly Batch[];
  /** Names of the tokens that the driver saw besides rows. */
  readonly tokens: readonly string[];
}

/** The parser as this file uses it; its own types name a default export that CommonJS has not. */
interface Parser {
  write(chunk: Uint8Array): void;
  read(): { readonly name: string } | undefined;
  end(): void;
}
type ParserClass = new (options: object) => Parser;

const OPTIONS = {
  tdsVersion: "7_4",
  useUTC: true,
  useColumnNames: false,
  lowerCaseGuids: false,
};

/** A parser like that of a connection, with options of its own. */
export function makeParser(): { readonly parser: Parser; readonly options: object } {
  const options = { ...OPTIONS };
  return { parser: new (StreamParser as unknown as ParserClass)(options), options };
}

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

/** The columns as the driver reads them from COLMETADATA. */
export function readMetadata(
  columns: readonly TdsColumn[],
  traits = PLAIN,
): readonly ColumnMetadata[] {
  const { parser } = makeParser();
  parser.write(colMetadata(columns, traits));
  return (parser.read() as unknown as { columns: readonly ColumnMetadata[] }).columns;
}

/** @throws what the decoder reports. */
export function decodeRows(
  columns: readonly TdsColumn[],
  rows: readonly Uint8Array[],
  options: DecodeRowsOptions = {},
): Decoded {
  const { overrides = new Map<string, RivetType>(), cuts = [], traits = PLAIN } = options;
  installRowHook();
  const { parser, options: key } = makeParser();
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
  );
  setRowSink(key, decoder);
  const bytes = Buffer.concat([colMetadata(columns, traits), ...rows, done({ rows: rows.length })]);
  const tokens: string[] = [];
  const ends = [...cuts, bytes.length];
  let from = 0;
  for (const to of ends) {
    parser.write(bytes.subarray(from, to));
    from = to;
    for (let token; (token = parser.read()) !== undefined;) tokens.push(token.name);
  }
  parser.end();
  decoder.finish();
  if (failures.length > 0) throw failures[0];
  return { columns: planned, batches, tokens };
}
