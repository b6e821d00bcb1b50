/** Batches as the server's text, to compare with what it prints itself. Reads the buffers on its own. */
import type { Batch, ColumnData } from "../../core/batch/batch.ts";
import { LAYOUT_WIDTH, layoutOf, type RivetType } from "../../core/types/types.ts";
import type { Value } from "./batches.ts";
import { postgresText } from "./postgres_text.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

function integer(bytes: Uint8Array, signed: boolean): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return signed ? BigInt.asIntN(bytes.length * 8, value) : value;
}

function fixed(type: RivetType, bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.kind) {
    case "float":
      return type.bits === 32 ? view.getFloat32(0, true) : view.getFloat64(0, true);
    case "uuid":
      return bytes;
    case "int":
      return type.bits === 64 ? integer(bytes, type.signed) : Number(integer(bytes, true));
    case "date":
      return Number(integer(bytes, true));
    default:
      return integer(bytes, true);
  }
}

/** One value, in the form that `batches.ts` describes. */
export function valueAt(type: RivetType, data: ColumnData, row: number): Value {
  if (data.validity !== null && (data.validity[row >> 3] >> (row & 7) & 1) === 0) return null;
  const layout = layoutOf(type);
  const [from, to] = data.offsets === null ? [0, 0] : [data.offsets[row], data.offsets[row + 1]];
  if (layout === "bit") return (data.values[row >> 3] >> (row & 7) & 1) === 1;
  if (layout === "bytes") {
    const bytes = data.values.subarray(from, to);
    return type.kind === "binary" ? bytes : utf8.decode(bytes);
  }
  if (layout === "list") {
    if (type.kind !== "list" || data.child === null) throw new TypeError("a list without child");
    const { element } = type;
    const child = data.child;
    return Array.from({ length: to - from }, (_, i) => valueAt(element, child, from + i));
  }
  const width = LAYOUT_WIDTH[layout];
  return fixed(type, data.values.subarray(row * width, (row + 1) * width));
}

export function batchValues(batch: Batch): Value[][] {
  return Array.from(
    { length: batch.rows },
    (_, row) => batch.columns.map(({ type }, c) => valueAt(type, batch.data[c], row)),
  );
}

/** Every value as PostgreSQL's `::text` prints it. */
export function batchText(batch: Batch): (string | null)[][] {
  return batchValues(batch).map((row) =>
    row.map((value, c) => postgresText(batch.columns[c].type, value))
  );
}
