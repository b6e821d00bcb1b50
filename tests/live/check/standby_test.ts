/** What a run refuses, `doctor`, `check` and `plan` refuse before it, with the same exit code. */
import assert from "node:assert/strict";
import { startLocalPostgres } from "../../support/local_postgres.ts";
import { rivet, withConfig } from "../../support/rivet.ts";

const COMMANDS = ["doctor", "check", "plan", "run"];
const SAFE =
  "cursor_column: oid, mode: incremental, incremental_safety: commit_safe, commit_wait_s: 1";

const standby = await startLocalPostgres({ standby: true });

if (standby === null) console.log("a standby: not run without PostgreSQL's programs");
else {
  Deno.test("commit_safe on a standby: every command says so and exits 2", async (t) => {
    const yaml = (settings: string) => `
source: {type: postgres, url: "${standby.url}", tls: {mode: disable}}
exports:
  - {name: a, query: "SELECT oid, relname::text FROM pg_class", ${settings},
     format: csv, destination: {type: local, path: "./out"}}
`;
    try {
      for (const command of COMMANDS) {
        await t.step(command, () =>
          withConfig(yaml(SAFE), async (cwd) => {
            const { code, stdout, stderr } = await rivet([command, "-c", "rivet.yaml"], {
              cwd,
              env: { RIVET_LOG: "error" },
            });
            assert.equal(code, 2, stderr);
            assert.match(stdout + stderr, /the source is a standby/);
          }));
      }
      await t.step(
        "without commit_safe it is exported",
        () =>
          withConfig(yaml("mode: full"), async (cwd) => {
            const { code, stderr } = await rivet(["run", "-c", "rivet.yaml"], {
              cwd,
              env: { RIVET_LOG: "error" },
            });
            assert.equal(code, 0, stderr);
          }),
      );
    } finally {
      await standby.stop();
    }
  });
}
