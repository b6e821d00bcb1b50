/** A role that the catalogs tell nothing: no size, no statistics, no clock. Every command goes on. */
import assert from "node:assert/strict";
import { createDatabase, testPostgres } from "../../support/postgres.ts";
import { partFiles, rivet, withConfig } from "../../support/rivet.ts";
import { onSessions, serverHasSessions } from "../state/state_database.ts";

const NAME = "look-ups that are denied fail no command";

/** Real refusals of the server; `pg_partition_tree` and the like are asked together with the sizes. */
const DENIED = `
  REVOKE SELECT ON pg_catalog.pg_stats FROM PUBLIC;
  REVOKE EXECUTE ON FUNCTION pg_catalog.pg_relation_size(regclass),
    pg_catalog.pg_relation_size(regclass, text),
    pg_catalog.pg_total_relation_size(regclass) FROM PUBLIC;
  REVOKE EXECUTE ON FUNCTION pg_catalog.clock_timestamp() FROM PUBLIC`;

const TABLES = `
  CREATE TABLE keyed (id int PRIMARY KEY, code text NOT NULL UNIQUE);
  INSERT INTO keyed SELECT i, 'c' || i FROM generate_series(1, 500) i;
  ANALYZE keyed`;

onSessions(await serverHasSessions(), NAME, () =>
  Deno.test(NAME, async (t) => {
    const server = await testPostgres();
    const database = await createDatabase(server);
    const role = `rivet_denied_${crypto.randomUUID().slice(0, 8)}`;
    const url = new URL(database.url);
    url.username = role;
    url.password = "den1ed";
    const yaml = `
source: {type: postgres, url: "${url.href}", tls: {mode: disable}}
exports:
  - {name: pages, table: keyed, mode: chunked, chunk_by_key: code, chunk_size: 50,
     format: csv, destination: {type: local, path: "./pages"}}
  - {name: full, table: keyed, mode: full, format: csv, destination: {type: local, path: "./full"}}
`;
    try {
      await database.sql(`${TABLES}; ${DENIED}; CREATE ROLE ${role} LOGIN PASSWORD 'den1ed';
        GRANT SELECT ON keyed TO ${role}; GRANT USAGE ON SCHEMA public TO ${role}`);
      await withConfig(yaml, async (cwd) => {
        const env = { RIVET_LOG: "error", SOURCE_URL: url.href };
        const init = ["init", "--source-env", "SOURCE_URL", "-o", "init.yaml"];
        for (
          const args of [
            init,
            ...["doctor", "check", "plan", "run"].map((c) => [c, "-c", "rivet.yaml"]),
          ]
        ) {
          await t.step(args[0], async () => {
            const { code, stdout, stderr } = await rivet(args, { cwd, env });
            assert.equal(code, 0, `${stdout}\n${stderr}`);
          });
        }
        for (const folder of ["pages", "full"]) {
          const files = await partFiles(`${cwd}/${folder}`, "csv");
          const texts = await Promise.all(files.map((file) => Deno.readTextFile(file)));
          const rows = texts.flatMap((text) => text.trim().split(/\r?\n/).slice(1));
          assert.equal(new Set(rows).size, 500, folder);
          assert.equal(rows.length, 500, folder);
        }
      });
    } finally {
      await database.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await database.drop();
      await server.stop();
    }
  }));
