/** A sample of `deno task torture`. */
import assert from "node:assert/strict";
import { createMysqlDatabase, mysqlTest, testMysql } from "../../support/mariadb.ts";
import { MODES, torture } from "../../torture/kills.ts";

mysqlTest(
  "torture: runs killed at random lose and repeat nothing through the manifests",
  async () => {
    const server = await testMysql();
    const db = await createMysqlDatabase(server);
    const [incremental, chunked] = MODES;
    let killed = 0;
    try {
      for (const [seed, mode] of [incremental, chunked].entries()) {
        const source = { type: "mysql" as const, ...db };
        killed += (await torture({
          source,
          mode,
          place: { kind: "local" },
          stateUrl: null,
          kills: 4,
          seed,
        })).killed;
      }
    } finally {
      await db.drop();
      await server.stop();
    }
    assert.ok(killed > 0, "no run was killed");
  },
);
