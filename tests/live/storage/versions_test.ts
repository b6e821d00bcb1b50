/** `chunk_by: ctid` on the server at hand: read by ranges, or refused by name where it cannot be. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { rivet, withConfig } from "../../support/rivet.ts";
import { onPostgresSessions } from "../../support/postgres.ts";

const CONFIG = (url: string) =>
  `source: {type: postgres, url: "${url}", tls: {mode: disable}}
exports:
  - name: heap
    table: heap
    mode: chunked
    chunk_by: ctid
    chunk_size: 100
    consistency: snapshot
    format: csv
    destination: {type: local, path: ./out}
`;

Deno.test("ctid: doctor, check, plan and run read it, or name the server that is too old", async () => {
  await onPostgresSessions(async (db) => {
    await db.sql(`CREATE TABLE heap (label int, pad text);
      INSERT INTO heap SELECT i, repeat('x', 400) FROM generate_series(1, 400) i; ANALYZE heap`);
    const [[version]] = await db.sql("SHOW server_version_num");
    const old = Number(version) < 140_000;
    await withConfig(CONFIG(db.url), async (dir) => {
      for (const command of ["doctor", "check", "plan", "run"]) {
        const { code, stdout, stderr } = await rivet([command, "-c", "rivet.yaml"], { cwd: dir });
        const said = (stdout + stderr).replaceAll(/\s+/g, " ");
        assert.equal(code === 0, !old, `${command}: ${said}`);
        if (!old) continue;
        assert.match(
          said,
          /chunk_by: ctid needs statements over ranges of a table's blocks, which PostgreSQL 1[23]\.\d+/,
          command,
        );
      }
      const manifest = await Deno.readTextFile(join(dir, "out", "manifest.json")).catch(() => null);
      assert.equal(manifest === null ? null : JSON.parse(manifest).row_count, old ? null : 400);
    });
  });
});
