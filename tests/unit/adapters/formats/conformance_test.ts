import { loadFormat } from "../../../../adapters/formats/mod.ts";
import { formatCases, type FormatUnderTest } from "../../../conformance/format.ts";
import { memoryFormat, readLines } from "../../../support/memory_format.ts";
import { readCsv, readDuckdb, textRows } from "../../../support/readers.ts";

/** `t` and `true` are one value: what a format writes for it is its own affair. */
const word = (value: string | null) => value === "t" ? "true" : value === "f" ? "false" : value;

const UNDER_TEST: Readonly<Record<string, FormatUnderTest>> = {
  memory: { format: memoryFormat, read: readLines },
  csv: { format: await loadFormat("csv"), read: async (path) => (await readCsv(path)).rows },
  parquet: {
    format: await loadFormat("parquet"),
    read: async (path) => textRows(await readDuckdb(path)).map((row) => row.map(word)),
  },
};

for (const [name, under] of Object.entries(UNDER_TEST)) {
  for (const c of formatCases) Deno.test(`${name} format: ${c.name}`, () => c.run(under));
}
