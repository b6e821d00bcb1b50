import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import plugin, { importProblem } from "../../lint/architecture.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function problems(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, join(ROOT, file), source).map((d) => d.message);
}

async function* sources(folder: string): AsyncIterable<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (/\.(ts|js)$/.test(entry.name)) yield path;
  }
}

Deno.test("architecture: every file of the product imports only what its part may", async () => {
  const broken: string[] = [];
  let files = 0;
  for (const folder of ["core", "adapters", "cli", "state"]) {
    for await (const file of sources(folder)) {
      files++;
      const source = await Deno.readTextFile(join(ROOT, file));
      broken.push(...problems(file, source).map((problem) => `${file}: ${problem}`));
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(files > 10, `only ${files} files were looked at`);
});

const REFUSED: readonly (readonly [string, string])[] = [
  ["core/run/run.ts", "../../adapters/destinations/mod.ts"],
  ["core/run/run.ts", "../../cli/run.ts"],
  ["core/run/run.ts", "../../state/store.ts"],
  ["core/run/run.ts", "../../main.ts"],
  ["core/run/run.ts", "postgres"],
  ["core/run/run.ts", "npm:postgres@3.4.9"],
  ["core/run/run.ts", "npm:/mysql2@3/promise"],
  ["core/run/run.ts", "node:sqlite"],
  ["core/run/run.ts", "@aws-sdk/client-s3"],
  ["core/run/run.ts", "../../tests/support/render.ts"],
  ["cli/run.ts", "../adapters/registry.ts"],
  ["cli/run.ts", "../state/store.ts"],
  ["cli/run.ts", "postgres"],
  ["state/store.ts", "../adapters/sources/postgres/connection.ts"],
  ["state/store.ts", "../cli/run.ts"],
  ["adapters/sources/mysql/read.ts", "../postgres/read.ts"],
  ["adapters/sources/mysql/read.ts", "../../destinations/local.ts"],
  ["adapters/sources/kit/value_fault.ts", "../mysql/read.ts"],
  ["adapters/destinations/s3.ts", "./local.ts"],
  ["adapters/formats/csv/encoder.ts", "../parquet/encoder.ts"],
  ["adapters/sources/mysql/read.ts", "../../../cli/run.ts"],
  ["adapters/sources/mysql/read.ts", "../../../state/store.ts"],
];

const ALLOWED: readonly (readonly [string, string])[] = [
  ["core/run/run.ts", "../ports/source.ts"],
  ["core/config/load.ts", "yaml"],
  ["core/run/run.ts", "node:path"],
  ["cli/run.ts", "../core/run/run.ts"],
  ["cli/run.ts", "@optique/core"],
  ["state/store.ts", "node:sqlite"],
  ["adapters/sources/mysql/read.ts", "./connection.ts"],
  ["adapters/sources/mysql/read.ts", "../shared.ts"],
  ["adapters/sources/mysql/read.ts", "../kit/value_fault.ts"],
  ["adapters/sources/mysql/read.ts", "../../../core/ports/source.ts"],
  ["adapters/sources/postgres/connection.ts", "postgres"],
  ["adapters/destinations/mod.ts", "./local.ts"],
  ["adapters/destinations/local.ts", "./keys.ts"],
  ["adapters/registry.ts", "./sources/postgres/mod.ts"],
  ["adapters/worker.ts", "./registry.ts"],
  ["main.ts", "./adapters/registry.ts"],
  ["main.ts", "./state/store.ts"],
  ["tests/live/run_test.ts", "../../main.ts"],
];

Deno.test("architecture: what is refused", () => {
  for (const [file, specifier] of REFUSED) {
    assert.notEqual(importProblem(file, specifier), null, `${file} importing ${specifier}`);
  }
});

Deno.test("architecture: what is allowed", () => {
  for (const [file, specifier] of ALLOWED) {
    assert.equal(importProblem(file, specifier), null, `${file} importing ${specifier}`);
  }
});

Deno.test("architecture: every way of importing is seen", () => {
  const ways = [
    `import { x } from "../../cli/a.ts";`,
    `import type { X } from "../../cli/a.ts";`,
    `import "../../cli/a.ts";`,
    `export { x } from "../../cli/a.ts";`,
    `export * from "../../cli/a.ts";`,
    `const a = await import("../../cli/a.ts");`,
    `type A = import("../../cli/a.ts").A;`,
  ];
  for (const way of ways) assert.equal(problems("core/run/run.ts", way).length, 1, way);
  assert.deepEqual(problems("core/run/run.ts", `const s = "../../cli/a.ts"; export { s };`), []);
});
