/**
 * Rows in the form that the checksum hashes (docs/adr/0010-checksum.md): one field per column, each of
 * which tells its own end, made from the bytes of the protocol here and by SQL at the server. Every
 * conversion that the SQL uses is documented for every supported version; a column of a type that has no
 * such conversion has no checksum.
 */
import type { RowChecksum } from "../../../core/batch/row_checksum.ts";
import type { Column } from "../../../core/types/types.ts";
import { type BinaryBlock, copyBytes } from "../kit/block.ts";
import { dayText, instantText, timeText } from "./datetime.ts";
import { exactText } from "./decimal.ts";
import { baseName, type Field, type WireKind } from "./fields.ts";
import { integerText } from "./numbers.ts";
import { uuidText } from "./text.ts";

/** A value as ASCII text and `;`, by its type's name. */
const TEXTS: Readonly<Record<string, (value: string) => string>> = {
  bit: (value) => `CONVERT(varchar(1), ${value})`,
  tinyint: (value) => `CONVERT(varchar(20), ${value})`,
  smallint: (value) => `CONVERT(varchar(20), ${value})`,
  int: (value) => `CONVERT(varchar(20), ${value})`,
  bigint: (value) => `CONVERT(varchar(20), ${value})`,
  decimal: (value) => `CONVERT(varchar(41), ${value})`,
  numeric: (value) => `CONVERT(varchar(41), ${value})`,
  money: (value) => `CONVERT(varchar(21), ${value}, 2)`,
  smallmoney: (value) => `CONVERT(varchar(21), ${value}, 2)`,
  date: (value) => `CONVERT(varchar(10), ${value}, 121)`,
  time: (value) => `CONVERT(varchar(16), CAST(${value} AS time(7)), 121)`,
  smalldatetime: (value) => `CONVERT(varchar(23), ${value}, 121)`,
  datetime: (value) => `CONVERT(varchar(23), ${value}, 121)`,
  datetime2: (value) => `CONVERT(varchar(27), CAST(${value} AS datetime2(7)), 121)`,
  // The instant, whatever the offset that it was written with.
  datetimeoffset: (value) =>
    `CONVERT(varchar(27), CAST(SWITCHOFFSET(${value}, 0) AS datetime2(7)), 121)`,
  uniqueidentifier: (value) => `UPPER(CONVERT(varchar(36), ${value}))`,
};

const BYTES = ["text", "json", "binary"];
const BINARY = "CAST(0x AS varbinary(max))";

/** The type's name once the column is selected: what `columns:` makes of some is another type. */
function selectedName({ type, nativeType }: Column): string {
  const name = baseName(nativeType);
  if (type.kind === "uuid") return "uniqueidentifier";
  if (type.kind === "float" && !name.endsWith("int")) return "float";
  return type.kind === "timestamp" && name === "date" ? "datetime2" : name;
}

/** Why a column has no form; null when it has one. */
function obstacleOf(column: Column): string | null {
  if (BYTES.includes(column.type.kind)) {
    return baseName(column.nativeType) === "xml"
      ? "the server may write one XML value as several texts"
      : null;
  }
  const name = selectedName(column);
  if (name in TEXTS) return null;
  return name === "float" || name === "real"
    ? "what its digits or bytes are in SQL is not documented"
    : "it has no exact text";
}

/** `Source.checksumObstacle`. */
export function checksumObstacle(columns: readonly Column[]): string | null {
  const found = columns.flatMap((column) => {
    const why = obstacleOf(column);
    return why === null ? [] : [`column "${column.name}" of type ${column.nativeType}: ${why}`];
  });
  return found.length === 0 ? null : found.join("; ");
}

function fieldSql(column: Column, quote: (name: string) => string): string {
  const value = `_rivet.${quote(column.name)}`;
  const text = TEXTS[selectedName(column)];
  const field = BYTES.includes(column.type.kind) || text === undefined
    ? `CAST(CONVERT(varchar(20), DATALENGTH(${value})) + ':' AS varbinary(max)) + ` +
      `CAST(${value} AS varbinary(max))`
    : `CAST(${text(value)} + ';' AS varbinary(max))`;
  return `CASE WHEN ${value} IS NULL THEN CAST('N' AS varbinary(max)) ELSE ${field} END`;
}

/** Concatenated in halves: a chain of a thousand columns would be nested as deep. */
function concatenated(parts: readonly string[]): string {
  if (parts.length <= 1) return parts[0] ?? BINARY;
  const half = parts.length >> 1;
  return `(${concatenated(parts.slice(0, half))} + ${concatenated(parts.slice(half))})`;
}

/**
 * `Dialect.rowChecksum`: of each row the first 15 hexadecimal digits of the MD5, as a number. Binary of
 * eight bytes is a bigint, the first byte the highest; a SUM of bigint would overflow.
 */
export function rowChecksum(
  columns: readonly Column[],
  quote: (name: string) => string,
): string {
  const row = concatenated(columns.map((column) => fieldSql(column, quote)));
  const digits = `CONVERT(varchar(16), SUBSTRING(HASHBYTES('MD5', ${row}), 1, 8), 2)`;
  const bits = `CONVERT(bigint, CONVERT(varbinary(8), '0' + LEFT(${digits}, 15), 2))`;
  return `SUM(CAST(${bits} AS decimal(38,0)))`;
}

/** The text of the value at index `i` of a block. */
type TextOf = (block: BinaryBlock, i: number, field: Field) => string;

/** By how values come; null for those that are hashed as they come. */
const WIRES: Readonly<Record<WireKind, TextOf | null>> = {
  bit: integerText,
  int: integerText,
  decimal: (block, i, field) => exactText(block, i, field.scale),
  money: (block, i) => exactText(block, i, null),
  date: dayText,
  time: timeText,
  smalldatetime: instantText,
  datetime: instantText,
  datetime2: instantText,
  datetimeoffset: instantText,
  uuid: uuidText,
  utf16: null,
  codepage: null,
  bytes: null,
  float: null,
  other: null,
};

const NULL = 78;
const COLON = 58;
const SEMICOLON = 59;
/** Of a field beside its value's bytes: a length of ten digits and a colon, or a text and a semicolon. */
const FIELD_BYTES = 64;

const ascii = new TextEncoder();

/** Hashes rows as they are laid out. */
export class ChecksumForm {
  readonly #checksum: RowChecksum;
  readonly #fields: readonly Field[];
  readonly #texts: readonly (TextOf | null)[];

  constructor(checksum: RowChecksum, fields: readonly Field[]) {
    this.#checksum = checksum;
    this.#fields = fields;
    this.#texts = fields.map(({ wire }) => WIRES[wire]);
  }

  /** Hashes the first `rows` rows of the block. */
  add(block: BinaryBlock, rows: number): void {
    const { lengths, stride } = block;
    const texts = this.#texts;
    for (let row = 0; row < rows; row++) {
      let size = texts.length * FIELD_BYTES;
      for (let c = 0, i = row; c < texts.length; c++, i += stride) {
        if (texts[c] === null && lengths[i] > 0) size += lengths[i];
      }
      const out = this.#checksum.reserve(size);
      let at = 0;
      for (let c = 0, i = row; c < texts.length; c++, i += stride) {
        at = this.#write(block, c, i, out, at);
      }
      this.#checksum.add(at);
    }
  }

  /** Writes field `c` at index `i` of the block. Returns the position behind it. */
  #write(block: BinaryBlock, c: number, i: number, out: Uint8Array, at: number): number {
    const length = block.lengths[i];
    if (length < 0) {
      out[at] = NULL;
      return at + 1;
    }
    const textOf = this.#texts[c];
    if (textOf !== null) {
      const end = at +
        ascii.encodeInto(textOf(block, i, this.#fields[c]), out.subarray(at)).written;
      out[end] = SEMICOLON;
      return end + 1;
    }
    const value = at + ascii.encodeInto(String(length), out.subarray(at)).written;
    out[value] = COLON;
    const from = block.positions[i];
    return copyBytes(block.bytes, from, from + length, out, value + 1);
  }
}
