/** Finding the columns that an export's settings name. */
import type { LoadedExport } from "../config/loaded.ts";
import { ConfigError } from "../base/errors.ts";
import type { Description } from "../ports/source.ts";
import { nearest } from "../base/suggest.ts";
import type { Column } from "../types/types.ts";

/** @param setting the key that names it, for the message. @throws ConfigError with the nearest column. */
export function findColumn(
  exported: LoadedExport,
  description: Description,
  setting: string,
  name: string,
): Column {
  const column = description.columns.find((c) => c.name === name);
  if (column !== undefined) return column;
  const names = description.columns.map((c) => c.name);
  const guess = nearest(name, names);
  throw new ConfigError(
    `export '${exported.name}': ${setting} '${name}' is not a column of its query` +
      (guess === undefined ? "" : `; did you mean '${guess}'?`),
    [],
    { hint: `Its columns are: ${names.join(", ")}.` },
  );
}
