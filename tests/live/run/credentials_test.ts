/** A credential that only the last export lacks is named before the first one reads anything. */
import assert from "node:assert/strict";
import { rivet, withConfig } from "../../support/rivet.ts";

const YAML =
  `source: {type: postgres, url: "postgres://u@127.0.0.1:1/none", tls: {mode: disable}, tuning: {max_retries: 0}}
exports:
  - {name: first, query: SELECT 1 AS x, destination: {type: local, path: ./out}}
  - name: last
    query: SELECT 1 AS x
    destination:
      type: s3
      bucket: b
      access_key_env: RIVET_TEST_UNSET_KEY
      secret_key_env: RIVET_TEST_UNSET_SECRET
`;

Deno.test("credentials: what a later export lacks is found before the source is asked", async () => {
  await withConfig(YAML, async (dir) => {
    const all = await rivet(["run", "-c", "rivet.yaml"], { cwd: dir });
    assert.equal(all.code, 2);
    assert.equal(all.stdout, "");
    assert.match(all.stderr, /RIVET_TEST_UNSET_KEY is not set/);
    // Alone, the first export gets as far as its unreachable source.
    const first = await rivet(["run", "-c", "rivet.yaml", "-e", "first"], { cwd: dir });
    assert.equal(first.code, 1);
    assert.match(first.stderr, /cannot reach PostgreSQL/);
  });
});
