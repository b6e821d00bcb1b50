/**
 * Hands the rows of a result to a decoder of ours before tedious makes objects of them: its readers of
 * ROW and NBCROW tokens are replaced, for connections that have a sink. What is used of its internals
 * (20.3.9) is `parser.buffer`, `parser.position`, `parser.colMetadata`, `parser.options`, that a reader
 * which throws `NotEnoughDataError` is called again with more bytes, and that one which returns undefined
 * gave no token. `tests/unit/adapters/sources/mssql/row_hook_test.ts` fails when that changes.
 */
import { Buffer } from "node:buffer";
import helpers from "tedious/lib/token/helpers.js";
import nbcParser from "tedious/lib/token/nbcrow-token-parser.js";
import rowParser from "tedious/lib/token/row-token-parser.js";
import { RivetError } from "../../../core/base/errors.ts";
import type { ColumnMetadata } from "./fields.ts";

export interface RowSink {
  /** True between two calls of `accept` when the first one ended within a row. */
  readonly withinRow: boolean;
  /**
   * Takes row tokens, each with its type byte. Returns how many of the last bytes belong to a token of
   * another kind, or -1 when the bytes ended within a row.
   */
  accept(metadata: readonly ColumnMetadata[], bytes: Uint8Array): number;
}

/** What a token reader sees of its parser. */
export interface ParserState {
  readonly buffer: Uint8Array;
  position: number;
  readonly colMetadata: readonly ColumnMetadata[];
  /** The options of the connection, one object for all its parsers. */
  readonly options: object;
}

type Read = (this: object, parser: ParserState) => unknown;
interface ReaderClass {
  readonly prototype: { read?: Read };
}

/** By the connection's options object. */
const sinks = new WeakMap<object, RowSink>();

export function setRowSink(options: object, sink: RowSink | null): void {
  if (sink === null) sinks.delete(options);
  else sinks.set(options, sink);
}

function moved(what: string): RivetError {
  return new RivetError("INTERNAL", `the SQL Server driver is not the one that is known: ${what}`);
}

function asReader(readers: object, name: string): ReaderClass {
  const reader = (readers as Record<string, unknown>)[name];
  if (typeof reader !== "function") throw moved(`${name} is missing`);
  return reader as unknown as ReaderClass;
}

function replaceRead(reader: ReaderClass, name: string): void {
  const original = reader.prototype.read;
  if (typeof original !== "function" || !Object.hasOwn(reader.prototype, "read")) {
    throw moved(`${name}.read is missing`);
  }
  reader.prototype.read = function (parser: ParserState): unknown {
    const sink = sinks.get(parser.options);
    if (sink === undefined) return original.call(this, parser);
    if (!Buffer.isBuffer(parser.buffer)) throw moved("parser.buffer");
    // A reader starts behind the type byte of its token.
    const from = sink.withinRow ? parser.position : parser.position - 1;
    const rest = sink.accept(parser.colMetadata, parser.buffer.subarray(from));
    parser.position = parser.buffer.length - Math.max(0, rest);
    if (rest < 0) throw new helpers.NotEnoughDataError(parser.buffer.length + 1);
    return undefined;
  };
}

let installed = false;

/** Idempotent. @throws RivetError INTERNAL when the driver's internals are not those of its pinned version. */
export function installRowHook(): void {
  if (installed) return;
  if (typeof helpers.NotEnoughDataError !== "function") {
    throw moved("NotEnoughDataError is missing");
  }
  replaceRead(asReader(rowParser, "RowTokenReader"), "RowTokenReader");
  replaceRead(asReader(nbcParser, "NBCRowTokenReader"), "NBCRowTokenReader");
  installed = true;
}
