import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseConfigDocument } from "../../../../core/config/document.ts";
import { formatProblem } from "../../../../core/config/problem.ts";
import { mapStrings, substitute } from "../../../../core/config/substitute.ts";
import { validateConfig } from "../../../../core/config/validate.ts";

/** Everything that loading does with a text, short of files: none of it may throw. */
function process(text: string): void {
  const document = parseConfigDocument(text);
  for (const problem of document.problems) {
    assert.ok(
      problem.position !== null && problem.position.line >= 1 && problem.position.column >= 1,
    );
  }
  const value = mapStrings(document.value, (s) => substitute(s, () => undefined).text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const finding of validateConfig(value as Record<string, unknown>, new Set()).findings) {
    const position = document.positionOf(finding.path);
    assert.ok(position.line >= 1 && position.line <= text.split("\n").length + 1);
    const line = formatProblem("f", {
      severity: "error",
      path: finding.path,
      message: finding.message,
      position,
    });
    assert.match(line, /^f:\d+:\d+: /);
  }
}

Deno.test("no text makes parsing, substitution, validation or positions throw", () => {
  const pieces = fc.constantFrom(
    ..."source: exports: name: type: mode: chunked - ? : & * &a *a << !x { } [ ] , | > ' \" # --- ... ~ null true 1 .inf ${A} ${ __proto__ constructor postgres destination: columns: tls: tuning:"
      .split(" "),
    "\n",
    "\n  ",
    "\n    ",
    "\n  - ",
    "\t",
    " ",
    "\r\n",
    "\uFEFF",
    "ä😀",
  );
  fc.assert(fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => process(parts.join(""))), {
    numRuns: 1_500,
  });
  fc.assert(fc.property(fc.string({ unit: "binary" }), process), { numRuns: 500 });
});

Deno.test("no value of any shape in any place makes validation throw", () => {
  const keys = fc.constantFrom("type", "name", "path", "url", "on", "__proto__", "columns", "0");
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(keys, tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  const places = fc.constantFrom<(v: unknown) => unknown>(
    (v) => v,
    (v) => ({ source: v, exports: v, notifications: v }),
    (v) => ({ source: { type: "postgres", tls: v, tuning: v, url: v }, exports: [v] }),
    (v) => ({ exports: [{ name: v, destination: v, quality: v, meta_columns: v, columns: v }] }),
    (v) => ({ exports: [{ name: "a", query: v, max_file_size: v, chunk_by_key: v, parquet: v }] }),
  );
  fc.assert(fc.property(value, places, (v, place) => process(stringify(place(v)))), {
    numRuns: 1_000,
  });
});

Deno.test("positions follow keys, items, aliases and merges", () => {
  const text = "a: &x\n  b: [1, 22]\nc: *x\nd:\n  <<: [{e: 1}, *x]\n  f: 2\n";
  const { positionOf, value } = parseConfigDocument(text);
  assert.deepEqual(value, { a: { b: [1, 22] }, c: { b: [1, 22] }, d: { e: 1, b: [1, 22], f: 2 } });
  const cases: [(string | number)[], number, number][] = [
    [[], 1, 1],
    [["a", "b"], 2, 3],
    [["a", "b", 1], 2, 10],
    [["c"], 3, 1],
    [["c", "b", 0], 2, 7],
    [["d", "e"], 5, 9],
    [["d", "b"], 2, 3],
    [["d", "f"], 6, 3],
    [["d", "nothing", "below"], 4, 1],
    [["d", "f", "below"], 6, 3],
  ];
  for (const [path, line, column] of cases) {
    assert.deepEqual(positionOf(path), { line, column }, path.join("."));
  }
});

Deno.test("a key that is written null is that word", () => {
  const { value, problems, positionOf } = parseConfigDocument('csv:\n  null: "x"\n');
  assert.deepEqual([value, problems], [{ csv: { null: "x" } }, []]);
  assert.deepEqual(positionOf(["csv", "null"]), { line: 2, column: 3 });
});

Deno.test("an alias bomb is a problem, not a hang", () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 12; i++) {
    const [previous, name] = [i - 1, i].map((n) => String.fromCharCode(97 + n));
    lines.push(`${name}: &${name} [${Array(10).fill(`*${previous}`).join(", ")}]`);
  }
  const { problems } = parseConfigDocument(lines.join("\n"));
  assert.equal(problems.length, 1);
  assert.match(problems[0].message, /aliases multiply/);
});
