/** One place holds one table. */
import { equal, match } from "node:assert/strict";
import { TABLE_TYPES } from "../../../core/config/table_formats.ts";
import { Lake } from "./harness.ts";

const fields = (type: string) => `table: t, table_format: {type: ${type}}`;

for (const first of TABLE_TYPES) {
  for (const second of TABLE_TYPES.filter((type) => type !== first)) {
    Deno.test(`${second}: a place that holds a table of ${first} is refused before a row is read`, () =>
      Lake.with("CREATE TABLE t AS SELECT generate_series(1, 3) AS id", async (lake) => {
        await lake.configure(fields(first));
        await lake.run();
        const before = await lake.validate();
        await lake.configure(fields(second));
        const refused = await lake.tryRun();
        equal(refused.status, "failed");
        equal(refused.files, 0);
        equal(refused.error?.code, "TABLE_UNSUPPORTED");
        match(
          refused.error?.message ?? "",
          /out holds a table of another format: (Delta|Iceberg) \(/,
        );
        await lake.configure(fields(first));
        equal(JSON.stringify(await lake.validate()), JSON.stringify(before));
        await lake.run();
      }));
  }
}
