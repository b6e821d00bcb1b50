/** What `columns:` of an export asks of a query. */
import { ConfigError } from "../../../core/base/errors.ts";
import { didYouMean } from "../../../core/base/suggest.ts";
import type { RivetType } from "../../../core/types/types.ts";

/** @throws ConfigError naming every override of a column that the query does not have. */
export function checkOverrides(
  fields: readonly { readonly name: string }[],
  overrides: ReadonlyMap<string, RivetType>,
): void {
  const names = new Set(fields.map((field) => field.name));
  const problems = [...overrides.keys()].filter((name) => !names.has(name)).map((name) =>
    `columns: "${name}" is not a column of the query${didYouMean(name, names)}`
  );
  if (problems.length === 0) return;
  throw new ConfigError(problems.join("\n"), problems, {
    hint: `The query has: ${[...names].join(", ")}.`,
  });
}
