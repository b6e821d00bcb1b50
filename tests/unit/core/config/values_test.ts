import { read } from "../../../../core/base/schema.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { resolveCompression } from "../../../../core/config/compression.ts";
import { parseDuration } from "../../../../core/config/duration.ts";
import { placeholdersIn } from "../../../../core/config/placeholders.ts";
import { formatPath, formatProblem, sortProblems } from "../../../../core/config/problem.ts";
import { type ExportConfig, exportSchema } from "../../../../core/config/schema.ts";
import { parseSize } from "../../../../core/config/size.ts";
import { literal, substitute } from "../../../../core/config/substitute.ts";

Deno.test("sizes: units are powers of 1024, as the documented tool counts; plain bytes", () => {
  const cases: [string | number, number | undefined][] = [
    ["512MB", 536_870_912],
    ["1GiB", 1_073_741_824],
    ["1.5 gb", 1_610_612_736],
    ["64kib", 65_536],
    ["1kb", 1_024],
    ["100_000_000", 100_000_000],
    ["12 B", 12],
    [7, 7],
    ["", undefined],
    ["MB", undefined],
    ["-1MB", undefined],
    ["1PB", undefined],
    ["1 constructor", undefined],
    ["99999999TB", undefined],
    [1.5, undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, String(text));
});

Deno.test("durations: a whole number with a unit", () => {
  const cases: [string, number | undefined][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["15m", 900_000],
    ["2 H", 7_200_000],
    ["1d", 86_400_000],
    ["0s", 0],
    ["10", undefined],
    ["1.5h", undefined],
    ["-1h", undefined],
    ["1w", undefined],
    ["99999999999999999d", undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("compression: defaults, levels, profiles, CSV", () => {
  const of = (fields: Partial<ExportConfig>) => {
    const base = { name: "a", table: "t", destination: { type: "stdout" } };
    const { codec, level } = resolveCompression(read(exportSchema, { ...base, ...fields }));
    return `${codec} ${level}`;
  };
  assert.equal(of({}), "zstd 3");
  assert.equal(of({ compression: "gzip" }), "gzip 6");
  assert.equal(of({ compression: "gzip", compression_level: 0 }), "gzip 0");
  assert.equal(of({ compression_level: 19 }), "zstd 19");
  assert.equal(of({ compression: "snappy", compression_level: 3 }), "snappy 0");
  assert.equal(
    of({ compression_profile: "compact", compression: "lz4", compression_level: 1 }),
    "zstd 9",
  );
  assert.equal(of({ compression_profile: "fast" }), "snappy 0");
  assert.equal(of({ compression_profile: "balanced" }), "zstd 3");
  assert.equal(of({ compression_profile: "none" }), "none 0");
  assert.equal(of({ format: "csv" }), "none 0");
  assert.equal(of({ format: "csv", compression: "gzip" }), "gzip 6");
  assert.equal(of({ format: "csv", compression_profile: "compact" }), "zstd 9");
});

Deno.test("placeholders are the names between braces", () => {
  assert.deepEqual(placeholdersIn("a/{date}/{export}-{x}"), ["date", "export", "x"]);
  assert.deepEqual(placeholdersIn("{a {b} c} {"), ["b"]);
  assert.deepEqual(placeholdersIn("plain"), []);
});

Deno.test("substitution replaces once and says what it met", () => {
  const values: Record<string, string> = { A: "1", B: "${A}", "x-y": "z", E: "" };
  const lookup = (name: string) => values[name];
  assert.deepEqual(substitute("${A}-${B}-${x-y}-${E}.", lookup), {
    text: "1-${A}-z-.",
    missing: [],
    used: ["A", "B", "x-y", "E"],
  });
  assert.deepEqual(substitute("${NO}${NO}${OTHER}", lookup).missing, ["NO", "OTHER"]);
  for (const same of ["$A", "${", "${}", "${1}", "$$x$$", "${a b}", "{A}", "$&"]) {
    assert.equal(substitute(same, lookup).text, same);
  }
  assert.deepEqual(substitute("$${A} $$${A} $${NO} $${1}", lookup), {
    text: "${A} $${A} ${NO} $${1}",
    missing: [],
    used: [],
  });
  fc.assert(fc.property(
    fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "${A}", "$$") }),
    (text) => assert.deepEqual(substitute(literal(text), lookup), { text, missing: [], used: [] }),
  ));
  // A value with replacement patterns is put in as it is.
  assert.equal(substitute("${V}", () => "$& $1 $$").text, "$& $1 $$");
});

Deno.test("paths and problems are written for people and editors", () => {
  assert.equal(
    formatPath(["exports", 0, "columns", "unit price", "a.b", "größe"]),
    'exports[0].columns["unit price"]["a.b"].größe',
  );
  assert.equal(formatPath([]), "");
  const at = (line: number, column: number, message: string) =>
    ({ severity: "error", path: ["a"], message, position: { line, column } }) as const;
  const unplaced = { severity: "error", path: [], message: "m", position: null } as const;
  assert.equal(formatProblem("f.yaml", at(3, 7, "m")), "f.yaml:3:7: a: m");
  assert.equal(formatProblem("f.yaml", unplaced), "f.yaml: m");
  const sorted = sortProblems([unplaced, at(10, 1, "c"), unplaced, at(2, 5, "b"), at(2, 1, "a")]);
  assert.deepEqual(sorted.map((p) => p.message), ["a", "b", "c", "m", "m"]);
});
