/** What the rest of the house imports says what it is. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const ROOMS = [
  "core/ports",
  "core/batch",
  "core/types",
  "core/access",
  "core/workers",
  "adapters/formats/parquet",
  "adapters/sources/kit",
  "state",
];

async function* files(folder: string): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (isDirectory) yield* files(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}

interface Export {
  readonly name: string;
  readonly line: number;
  /** A comment stands right above it. */
  readonly documented: boolean;
}

const DECLARES =
  /^export (?:abstract |async )*(?:class|const|enum|function\*?|interface|let|type) (\w+)/;

function exportsOf(source: string): Export[] {
  const lines = source.split("\n");
  return lines.flatMap((line, i) => {
    const name = DECLARES.exec(line)?.[1];
    if (name === undefined) return [];
    return [{ name, line: i + 1, documented: (lines[i - 1] ?? "").endsWith("*/") }];
  });
}

const undocumented = (source: string): number[] =>
  exportsOf(source).filter(({ documented }) => !documented).map(({ line }) => line);

/** Names with the file that they come from: imported, exported again, or loaded when needed. */
const NAMES_FROM = [
  /(?:import|export)\s+(?:type\s+)?\{(?<names>[^}]*)\}\s*from\s*"(?<from>\.[^"]+)"/g,
  /\{(?<names>[^{}]*)\}:\s*typeof import\("[^"]+"\)\s*=\s*await import\(\s*"(?<from>\.[^"]+)"/g,
  /await import\(\s*"(?<from>\.[^"]+)" as string,?\s*\) as typeof import\("[^"]+"\)\)\.(?<names>\w+)/g,
];

/** `file name` of what `source`, which stands in `file`, takes from other folders. */
function takenFromElsewhere(file: string, source: string): string[] {
  const found = NAMES_FROM.flatMap((pattern) => [...source.matchAll(pattern)]);
  return found.flatMap(({ groups: { names = "", from = "" } = {} }) => {
    const target = normalize(join(dirname(file), from));
    if (dirname(target) === dirname(file)) return [];
    return names.split(",").map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== "").map((name) => `${target} ${name.split(/ as |:/)[0].trim()}`);
  });
}

Deno.test("documented: an export without a comment is found, one with a comment is not", () => {
  assert.deepEqual(undocumented("/** Module. */\n\nexport const a = 1;"), [3]);
  assert.deepEqual(undocumented("/** A. */\nexport const a = 1;\nexport async function b() {}"), [
    3,
  ]);
  assert.deepEqual(undocumented("/**\n * A.\n */\nexport abstract class A {}"), []);
});

Deno.test("documented: every exported symbol of the lower rooms has a doc comment", async () => {
  const missing: string[] = [];
  let looked = 0;
  for (const room of ROOMS) {
    for await (const file of files(room)) {
      looked++;
      const source = await Deno.readTextFile(ROOT + file);
      missing.push(...undocumented(source).map((line) => `${file}:${line}`));
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(looked > 50, `${looked} files`);
});

Deno.test("documented: names that another folder imports are found, those of its own folder are not", () => {
  const source = `
import { a, type B as C } from "../x/y.ts";
import type { D } from "./z.ts";
export { e } from "./w/v.ts";
const { f }: typeof import("../../u.ts") = await import("../../u.ts" as string);
const g = (await import("../g.ts" as string) as typeof import("../g.ts")).g;
import { join } from "node:path";`;
  assert.deepEqual(takenFromElsewhere("p/q/r.ts", source), [
    "p/x/y.ts a",
    "p/x/y.ts B",
    "p/q/w/v.ts e",
    "u.ts f",
    "p/g.ts g",
  ]);
});

Deno.test("documented: whatever a folder takes from another one has a doc comment", async () => {
  const sources = new Map([["main.ts", await Deno.readTextFile(`${ROOT}main.ts`)]]);
  for (const house of ["core", "adapters", "state", "cli"]) {
    for await (const file of files(house)) sources.set(file, await Deno.readTextFile(ROOT + file));
  }
  const taken = new Set([...sources].flatMap(([file, source]) => takenFromElsewhere(file, source)));
  const missing: string[] = [];
  let looked = 0;
  for (const [file, source] of sources) {
    for (const { name, line, documented } of exportsOf(source)) {
      if (!taken.has(`${file} ${name}`)) continue;
      looked++;
      if (!documented) missing.push(`${file}:${line} ${name}`);
    }
  }
  assert.deepEqual(missing, []);
  assert.ok(looked > 500, `${looked} names`);
});
