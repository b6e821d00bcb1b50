/** A value that its column's type cannot hold: the error that names both (contracts section 9). */
import { SourceError } from "../../core/errors.ts";
import { type Column, formatType } from "../../core/types/types.ts";

const MAX_SHOWN = 80;

/** Fails the read. `value` is as the server prints it; `why` completes "... does not fit <type>: ". */
export type Fault = (value: string, why: string) => never;

function shown(value: string): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value;
}

export function faultOf(column: Column): Fault {
  return (value, why) => {
    throw new SourceError(
      "VALUE_OUT_OF_RANGE",
      `column "${column.name}": the value ${shown(value)} does not fit ${
        formatType(column.type)
      }: ${why}`,
      {
        hint: `Give the column a type that holds it, e.g. columns: { ${
          JSON.stringify(column.name)
        }: text }, or leave such rows out of the query.`,
      },
    );
  };
}

/** The bytes of a value are not those of the described type: the table changed in between. */
export function changedType(fault: Fault, length: number): never {
  return fault(`of ${length} bytes`, "the column's type changed after it was described");
}
