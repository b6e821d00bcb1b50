import assert from "node:assert/strict";
import {
  assertAvailable,
  unavailable,
  UNAVAILABLE_FEATURES,
} from "../../../../core/config/availability.ts";
import type { LoadedConfig } from "../../../../core/config/loaded.ts";
import { formatPath } from "../../../../core/config/problem.ts";
import { resolveExport } from "../../../../core/config/resolve.ts";
import { configSchema } from "../../../../core/config/schema.ts";
import { RivetError } from "../../../../core/errors.ts";

function loaded(
  exports: Record<string, unknown>[],
  root: Record<string, unknown> = {},
): LoadedConfig {
  const config = configSchema.parse({
    source: { type: "postgres", url_env: "U" },
    exports: exports.map((fields, i) => ({
      name: `e${i}`,
      table: "t",
      destination: { type: "local", path: "out" },
      ...fields,
    })),
    ...root,
  });
  return {
    path: "/x/rivet.yaml",
    dir: "/x",
    source: config.source,
    exports: config.exports.map((entry) => resolveExport(entry, null, config.source, "/x")),
    config,
    warnings: [],
  };
}

/** One configuration per feature that asks for it; those of features that exist by now do no harm. */
const ASKING: Record<string, LoadedConfig> = {
  "source type mysql": loaded([{}], { source: { type: "mysql", url_env: "U" } }),
  "source type mssql": loaded([{}], { source: { type: "mssql", url_env: "U" } }),
  "notifications": loaded([{}], { notifications: { slack: { webhook_url_env: "U" } } }),
  "mode: incremental": loaded([{ mode: "incremental", cursor_column: "c" }]),
  "incremental_safety: commit_safe": loaded([{ incremental_safety: "commit_safe" }]),
  "cursor_lag": loaded([{ cursor_lag: "1h" }]),
  "mode: time_window": loaded([{ mode: "time_window", time_column: "c", days_window: 1 }]),
  "mode: full with parallel above 1": loaded([{ parallel: 2 }]),
  "chunk_count": loaded([{ mode: "chunked", chunk_count: 2 }]),
  "chunk_dense": loaded([{ mode: "chunked", chunk_dense: true }]),
  "chunk_by_days": loaded([{ mode: "chunked", chunk_column: "c", chunk_by_days: 2 }]),
  "chunk_by_key": loaded([{ mode: "chunked", chunk_by_key: "id" }]),
  "on_schema_drift: fail": loaded([{ on_schema_drift: "fail" }]),
  "consistency": loaded([{ consistency: "snapshot" }]),
  "reconcile: checksum": loaded([{ reconcile: "checksum" }]),
};

Deno.test("a full or chunked export to a local disk is available", () => {
  const config = loaded([
    {},
    { mode: "chunked", chunk_column: "id", chunk_checkpoint: true, parallel: 4 },
    { format: "csv", destination: { type: "stdout" }, meta_columns: {}, chunk_by_key: false },
  ]);
  assert.deepEqual(unavailable(config, null), []);
  assertAvailable(config, null);
});

for (const name of UNAVAILABLE_FEATURES) {
  Deno.test(`${name} is refused by name`, () => {
    const config = ASKING[name];
    assert.ok(config !== undefined, "a configuration that asks for it");
    assert.throws(() => assertAvailable(config, null), (error) => {
      assert.ok(error instanceof RivetError);
      assert.equal(error.code, "NOT_AVAILABLE");
      assert.ok(error.message.includes(`: ${name} is not available yet in this version`));
      return true;
    });
  });
}

Deno.test("only the chosen export counts", () => {
  for (const { config } of Object.values(ASKING)) {
    const both = loaded([{}, { ...config.exports[0], name: "asks" }]);
    assert.deepEqual(unavailable(both, "e0"), []);
    const paths = unavailable(both, "asks").map((problem) => formatPath(problem.path));
    assert.ok(paths.every((path) => path.startsWith("exports[1].")), paths.join(" "));
  }
});
