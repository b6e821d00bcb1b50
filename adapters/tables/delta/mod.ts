/** Delta Lake: a log of commits beside the files. */
import type { TableFormat } from "../../../core/ports/table_format.ts";
import { DeltaTable } from "./table.ts";

/** The format, as the port has it. */
export const delta: TableFormat = {
  type: "delta",
  open: (place) => DeltaTable.open(place),
  grants: () => null,
};
