/** A sample of `deno task torture`. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { startS3 } from "../../support/s3.ts";
import { MODES, type Place, torture } from "../../torture/kills.ts";

Deno.test("torture: runs killed at random lose and repeat nothing through the manifests", async () => {
  const server = await testPostgres();
  const db = await createDatabase(server);
  const s3 = await startS3();
  const [incremental, chunked] = MODES;
  const cases: readonly (readonly [typeof incremental, Place])[] = [
    [incremental, { kind: "local" }],
    [incremental, { kind: "s3", endpoint: s3.endpoint }],
    [chunked, { kind: "local" }],
  ];
  let killed = 0;
  try {
    for (const [seed, [mode, place]] of cases.entries()) {
      const source = { type: "postgres" as const, ...db };
      killed += (await torture({ source, mode, place, stateUrl: null, kills: 5, seed })).killed;
    }
  } finally {
    await s3.stop();
    await db.drop();
    await server.stop();
  }
  assert.ok(killed > 0, "no run was killed");
});
