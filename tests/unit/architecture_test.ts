import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import plugin, { FLOORS, importProblem } from "../../lint/architecture.ts";

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
  ["core/run/run.ts", "../../program.ts"],
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
  ["adapters/destinations/s3/store.ts", "../local.ts"],
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
  ["program.ts", "./adapters/registry.ts"],
  ["program.ts", "./state/store.ts"],
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
    `const a: typeof import("../../cli/a.ts") = await import("../../cli/a.ts" as string);`,
    `type A = import("../../cli/a.ts").A;`,
  ];
  for (const way of ways) assert.equal(problems("core/run/run.ts", way).length, 1, way);
  assert.deepEqual(problems("core/run/run.ts", `const s = "../../cli/a.ts"; export { s };`), []);
});

Deno.test("later: what the product uses later is out of the module graph's sight, and has its type", () => {
  const refused = [
    `const { x } = await import("../query/a.ts");`,
    `const { x } = await import("yaml");`,
    `const { x }: typeof import("yaml") = await import("yaml" as string);`,
    `const { x } = await import(path);`,
    `const { x } = await import("../query/a.ts" as string);`,
    `const { x }: typeof import("../query/b.ts") = await import("../query/a.ts" as string);`,
  ];
  for (const source of refused) assert.equal(problems("core/run/run.ts", source).length, 1, source);
  const later =
    `const { x }: typeof import("../query/a.ts") = await import("../query/a.ts" as string);`;
  assert.deepEqual(problems("core/run/run.ts", later), []);
  assert.deepEqual(problems("tests/unit/a_test.ts", refused[0]), []);
});

Deno.test("architecture: a floor imports itself and those below, on every floor", () => {
  for (const [i, floor] of FLOORS.entries()) {
    const file = `core/${floor}/a.ts`;
    for (const [j, other] of FLOORS.entries()) {
      const problem = importProblem(file, `../${other}/b.ts`);
      if (j <= i) assert.equal(problem, null, `${floor} importing ${other}`);
      else assert.match(problem ?? "", new RegExp(`core/${other} is above core/${floor};`));
    }
    assert.match(importProblem(file, "../attic/b.ts") ?? "", /core\/attic is on no floor/);
    assert.match(
      importProblem("core/attic/a.ts", `../${floor}/b.ts`) ?? "",
      /attic is on no floor/,
    );
  }
});

Deno.test("architecture: every folder of core is a floor, and every floor a folder", async () => {
  const folders: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, "core"))) folders.push(entry.name);
  assert.deepEqual(folders.sort(), [...FLOORS].sort());
});

/** What a file imports of the product, as it is written: types and what is loaded later too. */
function importsOf(file: string, source: string): string[] {
  const specifiers = [
    ...source.matchAll(/^(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"/gm),
    ...source.matchAll(/import\(\s*"(\.[^"]+)"/g),
  ];
  return specifiers.map(([, specifier]) => normalize(join(dirname(file), specifier)));
}

/** The files of each import circle. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push(path.slice(at));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

Deno.test("architecture: no file imports itself by way of others", async () => {
  const graph = new Map<string, string[]>();
  for (const folder of ["core", "adapters", "cli", "state"]) {
    for await (const file of sources(folder)) {
      graph.set(file, importsOf(file, await Deno.readTextFile(join(ROOT, file))));
    }
  }
  assert.deepEqual(circles(graph), []);
  const ring = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["a"]], ["d", ["a"]]]);
  assert.deepEqual(circles(ring), [["a", "b", "c"]]);
});
