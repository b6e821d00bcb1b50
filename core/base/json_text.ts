/** The one way from a value to JSON that leaves the process: without secrets, and still JSON. */
import { printableJson } from "./printable.ts";
import { redactValue } from "./redact.ts";

declare const made: unique symbol;

/** JSON that `toJson` or `jsonLine` made. */
export type JsonText = string & { readonly [made]: true };

/** Indented, for files and `--json`. */
export function toJson(value: unknown): JsonText {
  return textOf(value, 2);
}

/** On one line, for event streams and storage. */
export function jsonLine(value: unknown): JsonText {
  return textOf(value, 0);
}

function textOf(value: unknown, indent: number): JsonText {
  return printableJson(JSON.stringify(redactValue(value), null, indent)) as JsonText;
}
