/**
 * Lists as JSON array text: numbers and booleans bare, NULL as `null`, JSON elements as they are, the rest
 * as JSON strings; `NaN`, `inf` and `-inf`, which JSON numbers cannot say, are strings too.
 */
import { type ColumnData, isValid } from "../../../core/batch/batch.ts";
import type { CsvOptions } from "../../../core/config/loaded.ts";
import { RivetError } from "../../../core/base/errors.ts";
import type { RivetType } from "../../../core/types/types.ts";
import { ByteBuilder } from "../byte_builder.ts";
import { appendAscii, type ValueWriter, valueWriter } from "./values.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN = 0x5b;
const CLOSE = 0x5d;

function appendJsonString(out: ByteBuilder, text: Uint8Array): void {
  out.byte(QUOTE);
  for (const byte of text) {
    if (byte < SPACE) {
      appendAscii(out, `\\u${byte.toString(16).padStart(4, "0")}`);
      continue;
    }
    if (byte === QUOTE || byte === BACKSLASH) out.byte(BACKSLASH);
    out.byte(byte);
  }
  out.byte(QUOTE);
}

/** Whether the element's text may stand in JSON without quotes. */
function isBare(type: RivetType, text: Uint8Array): boolean {
  switch (type.kind) {
    case "bool":
    case "int":
    case "decimal":
    case "json":
      return true;
    case "float": {
      const last = text[text.length - 1];
      return last >= 0x30 && last <= 0x39;
    }
    case "date":
    case "time":
    case "timestamp":
    case "text":
    case "uuid":
    case "binary":
    case "interval":
    case "list":
      return false;
  }
}

/** @throws RivetError TYPE_UNSUPPORTED for a list of lists. */
export function listWriter(
  type: RivetType & { kind: "list" },
  data: ColumnData,
  options: CsvOptions,
): ValueWriter {
  const { element } = type;
  const { child, offsets } = data;
  if (element.kind === "list") {
    throw new RivetError("TYPE_UNSUPPORTED", "a list of lists is not written", {
      hint: "Cast it in the query, e.g. to_json(column).",
    });
  }
  if (child === null || offsets === null) {
    throw new TypeError("a list came without elements or offsets");
  }
  const writeElement = valueWriter(element, child, options);
  const text = new ByteBuilder();
  return (out, row) => {
    out.byte(OPEN);
    for (let i = offsets[row]; i < offsets[row + 1]; i++) {
      if (i > offsets[row]) out.byte(COMMA);
      if (!isValid(child, i)) {
        appendAscii(out, "null");
        continue;
      }
      text.clear();
      writeElement(text, i);
      if (isBare(element, text.written())) out.append(text.written());
      else appendJsonString(out, text.written());
    }
    out.byte(CLOSE);
  };
}
