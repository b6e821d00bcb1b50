import { sourceCases } from "../../conformance/source.ts";
import { mssqlHarness } from "./harness.ts";
import { mssqlTest, withDatabase } from "./server.ts";

mssqlTest("mssql: conformance", (t, url) =>
  withDatabase(url, async (database, admin) => {
    const harness = await mssqlHarness(url, database, admin);
    for (const { name, run } of sourceCases) await t.step(name, () => run(harness));
  }));
