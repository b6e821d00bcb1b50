/** No package comes in without a reason, and none stays in the page that is gone. */
import { deepEqual, equal, match, throws } from "node:assert/strict";
import {
  dependenciesPage,
  dependencyFaults,
  type Measurements,
  REASONS,
} from "../../docs/generate/dependencies.ts";
import { allImports } from "../../packaging/all_imports.ts";
import { closure, type Lock } from "../../packaging/sbom.ts";

const read = async (name: string) =>
  JSON.parse(await Deno.readTextFile(new URL(`../../${name}`, import.meta.url)));

const imports = allImports();
const measured: Measurements = await read("docs/dependencies.json");

Deno.test("every direct dependency is explained, and measured in the version that is used", () => {
  deepEqual(dependencyFaults(imports, measured), []);
});

Deno.test("a package that comes, changes or goes is a fault by name", () => {
  const { yaml, ...withoutYaml } = imports;
  const faults = (changed: Record<string, string>) =>
    dependencyFaults(changed, measured).join("\n");
  match(
    faults({ ...imports, leftpad: "npm:leftpad@1.0.0" }),
    /^leftpad: say what for.*\nleftpad: run/,
  );
  match(faults({ ...imports, yaml: "npm:yaml@9.9.9" }), /^yaml: run `deno task dependencies`/);
  equal(faults(withoutYaml), "yaml: deno.json does not name it");
  equal(yaml, `npm:yaml@${measured.yaml.version}`);
  const { yaml: _, ...unexplained } = REASONS;
  match(dependencyFaults(imports, measured, unexplained).join("\n"), /^yaml: say what for/);
  throws(() => dependenciesPage({ ...imports, leftpad: "npm:leftpad@1.0.0" }, measured), /leftpad/);
});

Deno.test("the program gains no package unseen, also of those that others bring", async () => {
  const lock: Lock = await read("deno.lock");
  const keys = Object.keys(lock.npm);
  for (const [name, { version, packages, product }] of Object.entries(measured)) {
    if (!product) continue;
    const key = keys.find((one) =>
      one === `${name}@${version}` || one.startsWith(`${name}@${version}_`)
    );
    const all = closure(lock, [key ?? name]);
    equal(all.size, packages, `${name}: run \`deno task dependencies\`, and look at what came`);
  }
});

Deno.test("licences are known, and ones that a program may be bundled with", () => {
  const free = /^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|Unlicense)( OR .*)?$/;
  // Used as it is and never handed on: its files stay under their own terms.
  const unbundled = /^MPL-2\.0$/;
  for (const [name, { license, product }] of Object.entries(measured)) {
    if (product || !unbundled.test(license)) match(license, free, name);
  }
});
