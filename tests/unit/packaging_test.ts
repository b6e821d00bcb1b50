import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { engineFlagsIn, examineExecutable } from "../../packaging/examine.ts";
import { allImports } from "../../packaging/all_imports.ts";
import { productImports } from "../../packaging/product_imports.ts";
import { type Lock, sbom } from "../../packaging/sbom.ts";

const read = (path: string): Promise<string> =>
  Deno.readTextFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)));

const LOG = `Compile dist/compile/main.js to rivet

Embedded Files

rivet
├── 11.0-ABHCSJ4I.js (11.72KB)
├── adapters/* (13.24KB)
├── main.js (360B)
└── write_back-RUNLVQHL.js (3.29KB)

Files: 5.69MB
Metadata: 1.36KB
`;

Deno.test("an executable holds the program and its Worker, and not much more", () => {
  assert.equal(examineExecutable(LOG), "embedded: 5.69 MB, entry 360B, Worker 13.24KB");
  const without = (line: RegExp) => () => examineExecutable(LOG.replace(line, ""));
  assert.throws(without(/.* main.*\n/), /the program is not embedded/);
  assert.throws(without(/.* adapters.*\n/), /the Worker's program is not embedded/);
  assert.throws(without(/Files: .*\n/), /is not known/);
  assert.throws(() => examineExecutable(LOG.replace("5.69", "147.78")), /147.78 MB are embedded/);
});

Deno.test("an executable holds the flags that its engine starts with", () => {
  const flags = ["--v8-flags=--max-semi-space-size=1"];
  const file = (json: string) =>
    new TextEncoder().encode(`\u0000code "v8_flags":["--other"] ${json}\u0000`);
  const whole = file('{"argv":[],"v8_flags":["ARG0","--max-semi-space-size=1"],"ca":[]}');
  assert.equal(engineFlagsIn(whole, flags), "--max-semi-space-size=1");
  for (const json of ['{"v8_flags":["ARG0"]}', "{}"]) {
    assert.throws(
      () => engineFlagsIn(file(json), flags),
      /not started with --max-semi-space-size=1/,
    );
  }
});

Deno.test("the product's packages are those it imports; tests and the demo bring theirs", async () => {
  const product: Record<string, string> = JSON.parse(await read("deno.json")).imports;
  const imported = await productImports(allImports());
  assert.deepEqual(Object.keys(product).sort(), Object.keys(imported).sort());
  assert.deepEqual(Object.keys(product).sort(), [
    "@aws-sdk/client-s3",
    "@azure/identity",
    "@azure/storage-blob",
    "@observablehq/plot",
    "@opentelemetry/api",
    "@optique/core",
    "@valibot/to-json-schema",
    "avsc",
    "google-auth-library",
    "hyparquet",
    "hyparquet-writer",
    "linkedom",
    "log-update",
    "mysql2",
    "postgres",
    "snappyjs",
    "valibot",
    "yaml",
  ]);
});

Deno.test("the image is built of everything that is published", async () => {
  const { publish, workspace } = JSON.parse(await read("deno.json"));
  const given = (await read(".dockerignore")).split("\n").map((line) =>
    line.replace(/^!|\/$/g, "")
  );
  const program = (publish.include as string[]).filter((name) => /\.ts$|\/$/.test(name));
  assert.ok(program.includes("program.ts"));
  for (const name of program) assert.ok(given.includes(name.replace(/\/$/, "")), name);
  // The configuration of every member has to be there, or Deno refuses that of the whole.
  for (const member of workspace as string[]) {
    const folder = member.replace("./", "");
    assert.ok(given.includes(folder) || given.includes(`${folder}/deno.json`), member);
  }
});

Deno.test("one version of Deno everywhere", async () => {
  const [, version] = /^deno_version=(\S+)$/m.exec(await read(".ci/run")) ?? [];
  assert.ok(version, ".ci/run names it");
  const places: Record<string, RegExp> = {
    "Dockerfile": /^FROM denoland\/deno:([\d.]+)@/gm,
    "compose.yaml": /image: denoland\/deno:([\d.]+)@/g,
    "action.yml": /deno-version: (\S+)/g,
    ".github/workflows/ci.yml": /deno-version: (\S+)/g,
    ".github/workflows/release.yml": /deno-version: (\S+)/g,
    "README.md": /deno@(\d[\d.]*\d)/g,
    "CONTRIBUTING.md": /deno@(\d[\d.]*\d)/g,
  };
  for (const [path, pattern] of Object.entries(places)) {
    const found = [...(await read(path)).matchAll(pattern)].map(([, named]) => named);
    assert.ok(found.length > 0, `${path} names a version of Deno`);
    assert.deepEqual(new Set(found), new Set([version]), path);
  }
});

Deno.test("action and workflows are YAML, and no input becomes text of a script", async () => {
  for (const path of ["action.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml"]) {
    const scripts: string[] = [];
    parse(await read(path), (key, value) => {
      if (key === "run") scripts.push(String(value));
      return value;
    });
    assert.ok(scripts.length > 0, path);
    for (const script of scripts) assert.doesNotMatch(script, /\$\{\{\s*(inputs|github\.event)/);
  }
});

Deno.test("actions are pinned by commit, and the version is told", async () => {
  const files = [".github/workflows/ci.yml", ".github/workflows/release.yml", "action.yml"];
  for (const path of files) {
    const uses = [...(await read(path)).matchAll(/uses: (\S+)(.*)$/gm)];
    assert.ok(uses.length > 0, path);
    for (const [line, action, comment] of uses) {
      // The action of this repository, as it is checked out.
      if (action === "./") continue;
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, `${path}: ${line}`);
      assert.match(comment, /^ # v\d+\.\d+\.\d+$/, `${path}: ${line}`);
    }
  }
});

Deno.test("the bill of materials names every locked package once, with its hash and what it needs", async () => {
  const lock: Lock = JSON.parse(await read("deno.lock"));
  const bom = await sbom();
  assert.equal(bom.bomFormat, "CycloneDX");
  assert.match(
    bom.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(bom.components.map((c) => c["bom-ref"]), Object.keys(lock.npm).sort());
  const refs = new Set(bom.components.map((c) => c["bom-ref"]));
  const edges = bom.dependencies.flatMap(({ dependsOn }) => dependsOn);
  assert.deepEqual(edges.filter((ref) => !refs.has(ref)), []);
  const locked = Object.values(lock.npm).reduce(
    (sum, p) => sum + (p.dependencies?.length ?? 0) + (p.optionalDependencies?.length ?? 0),
    0,
  );
  const own = bom.dependencies[0].dependsOn;
  assert.equal(edges.length, locked + own.length, "a dependency was not found in the lock");
  for (const { purl, version, hashes } of bom.components) {
    assert.match(purl, /^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@[\w.+-]+$/);
    assert.ok(purl.endsWith(`@${version}`));
    assert.match(hashes?.[0].content ?? "", /^[0-9a-f]{128}$/);
  }
  const scope = (name: string) => bom.components.find((c) => c.name === name)?.scope;
  assert.deepEqual(["yaml", "client-s3", "node-api", "azurite"].map(scope), [
    ...["required", "required", "excluded", "excluded"],
  ]);
  assert.deepEqual(await sbom(), bom);
});
