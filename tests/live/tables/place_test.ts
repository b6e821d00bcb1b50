/** One place holds one table. */
import { equal, match } from "node:assert/strict";
import { TABLE_TYPES } from "../../../core/config/table_formats.ts";
import { configureLogging } from "../../../core/base/log.ts";
import { rivet } from "../../support/rivet.ts";
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

for (const type of TABLE_TYPES) {
  Deno.test(`${type}: check and run warn of files that are put beside a table`, () =>
    Lake.with("CREATE TABLE t AS SELECT generate_series(1, 3) AS id", async (lake) => {
      const warned = async (): Promise<readonly [string[], string]> => {
        const logged: string[] = [];
        configureLogging({ level: "warn", sink: ({ text }) => logged.push(text) });
        try {
          await lake.run();
        } finally {
          configureLogging({ level: "error", sink: () => {} });
        }
        const args = ["check", "-c", "rivet.yaml", "--json"];
        const { stdout } = await rivet(args, { cwd: lake.dir, env: { RIVET_LOG: "error" } });
        return [logged.filter((text) => / holds a table /.test(text)), stdout];
      };
      await lake.configure("table: t");
      const [none, silent] = await warned();
      equal(none.length, 0);
      equal(/ holds a table /.test(silent), false);
      await lake.configure(fields(type));
      const [own, quiet] = await warned();
      equal(own.length, 0);
      equal(/ holds a table /.test(quiet), false);
      await lake.configure("table: t");
      const [told, checked] = await warned();
      equal(told.length, 1);
      match(
        told[0],
        /^export 'rows': .*out\/? holds a table \((Delta|Iceberg), (_delta_log|metadata)\//,
      );
      match(checked, /out\/? holds a table \((Delta|Iceberg), (_delta_log|metadata)\//);
    }));
}
