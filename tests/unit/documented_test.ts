/** What the rest of the house imports says what it is. */
import assert from "node:assert/strict";
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

/** Lines that export a declaration which no comment stands right above. */
function undocumented(source: string): number[] {
  const lines = source.split("\n");
  const declares = /^export (abstract |async )?(class|const|enum|function|interface|let|type) /;
  return lines.flatMap((line, i) =>
    declares.test(line) && !(lines[i - 1] ?? "").endsWith("*/") ? [i + 1] : []
  );
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
