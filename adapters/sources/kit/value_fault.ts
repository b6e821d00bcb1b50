/** A value that its column's type cannot hold: the error that names both (contracts section 9). */
import { SourceError } from "../../../core/base/errors.ts";
import { excerpt } from "../../../core/base/redact.ts";
import { type Column, formatType } from "../../../core/types/types.ts";

const MAX_SHOWN = 80;

/**
 * Fails the read. `value` is as the server prints it; `why` completes "... does not fit <type>: ";
 * `instead` is the type that holds it.
 */
export type Fault = (value: string, why: string, instead?: string) => never;

function shown(value: string): string {
  return excerpt(value, MAX_SHOWN, "...");
}

/** The fault of a column's values. */
export function faultOf(column: Column): Fault {
  return (value, why, instead = "text") => {
    throw new SourceError(
      "VALUE_OUT_OF_RANGE",
      `column "${column.name}": the value ${shown(value)} does not fit ${
        formatType(column.type)
      }: ${why}`,
      {
        hint: `Give the column a type that holds it, e.g. columns: { ${
          JSON.stringify(column.name)
        }: ${instead} }, or leave such rows out of the query.`,
      },
    );
  };
}

/** The bytes of a value are not those of the described type: the table changed in between. */
export function changedType(fault: Fault, length: number): never {
  return fault(`of ${length} bytes`, "the column's type changed after it was described");
}

/** The error of a value above `tuning.max_value_mb`. */
export function valueTooLarge(column: string, bytes: number, limit: number): SourceError {
  const mb = (n: number) => (n / (1024 * 1024)).toFixed(1);
  return new SourceError(
    "VALUE_OUT_OF_RANGE",
    `column "${column}" holds a value of ${mb(bytes)} MB, above the limit of ${mb(limit)} MB`,
    { hint: "Raise tuning.max_value_mb, or leave the column out of the query." },
  );
}
