/** The small reader of YAML against the package that knows all of it. */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseConfigDocument } from "../../../../core/config/document.ts";
import { parsePlainYaml } from "../../../../core/config/plain_yaml.ts";
import { withDocument } from "../../../../core/config/read_document.ts";

/** Whether the text was read; when it was, it is what the package reads, without a word about it. */
function isRead(text: string): boolean {
  const plain = parsePlainYaml(text);
  if (plain === null) return false;
  const { value, problems } = parseConfigDocument(text);
  deepStrictEqual(problems, [], text);
  deepStrictEqual(plain.value, value, text);
  return true;
}

const CONFIGURATION = `# All of the shop.
source:
  type: postgres
  url: "postgresql://rivet:\${DB_PASS}@db.example.com:5432/shop?a=b#c"   # a comment
  tls: {mode: verify-full, ca_file: 'it''s.pem'}
  tuning: { profile: fast, batch_size: 5000, adaptive: false }

exports:
- name: orders
  query: |
    SELECT *  # no comment
    FROM orders

    WHERE id > 5
  # a comment
  mode: incremental
  cursor_column: updated_at
  columns: {total: "decimal(18,2)", note: text}
  quality:
    row_count_min: 1
    null_ratio_max:
      note: 0.25
    unique_columns: [id, 'a b']
  destination:
    type: local
    path: ./out/{date}
- name: users
  table: public.users
  skip_empty:
  destination: {type: s3, bucket: x, prefix: a/b, region: eu-west-1}
parallel_exports: true
`;

Deno.test("a configuration as they are written is read", () => {
  ok(isRead(CONFIGURATION));
});

Deno.test("the configurations of the documentation are read", async () => {
  const folder = new URL("../../../../fixtures/config/", import.meta.url);
  let read = 0;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !name.endsWith(".yaml")) continue;
    ok(isRead(await Deno.readTextFile(new URL(name, folder))), name);
    read++;
  }
  ok(read > 10);
});

Deno.test("what has another meaning than it seems, or none, is left to the package", () => {
  for (
    const text of [
      ...[
        "",
        "a: 1",
        "- 1\n",
        "a\n",
        "---\na: 1\n",
        "%YAML 1.2\n---\na: 1\n",
        "a: 1\na: 2\n",
        "a:1\n",
      ],
      ...[
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "<<: {a: 1}\n",
        "a: >\n  b\n",
        "a: |-\n  b\n",
        "? a\n: b\n",
      ],
      ...[
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        'a: "\\x41"\n',
        "a: [1,\n 2]\n",
        "a: [1, 2,]\n",
        "a: {b: 1, b: 2}\n",
      ],
      ...[
        "a: b: c\n",
        "a: 0x1F\n",
        "a: 1e3\n",
        "a: +1\n",
        "a: .5\n",
        "a: .inf\n",
        "a: 010\n",
        "a: 1.\n",
      ],
      ...[
        "a:\n  b: 1\n c: 2\n",
        " a: 1\n",
        "a:\tb\n",
        "a: b\r\n",
        "\ufeffa: 1\n",
        "a: %b\n",
        "a: @b\n",
      ],
      ...[
        "a: 'b' c\n",
        "a: |\n\n  b\n",
        "a: |\n b\n   \n c\n",
        "true: 1\n",
        "null: 1\n",
        "1: 2\n",
        "a: - b\n",
      ],
      ...[
        "a: 12345678901234567890\n",
        "__proto__: 1\n",
        "a:\n  -\n    b: 1\n",
        "- - 1\n",
        "a: {b:1}\n",
      ],
    ]
  ) {
    const plain = parsePlainYaml(text);
    if (plain !== null) ok(isRead(text), text);
    if (text !== "- 1\n") equal(plain, null, JSON.stringify(text));
  }
});

const word = fc.oneof(
  fc.constantFrom(...[
    "a",
    "b_c",
    "true",
    "null",
    "~",
    "No",
    "1",
    "-1",
    "0.50",
    "1.2.3",
    "10.0.0.1",
    "2026-01-01",
  ]),
  fc.constantFrom(...[
    "a b",
    "it's",
    'a "b"',
    "a#b",
    "a #b",
    "a:b",
    "a: b",
    "x: y # z",
    "http://x/y",
    "${A}",
    "",
    " ",
  ]),
  fc.constantFrom(...[
    "-",
    "-a",
    "- a",
    "[",
    "]",
    "{}",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%",
    "@",
    "`",
    "?",
    "ä",
    "😀",
    "0o7",
  ]),
  fc.string({ maxLength: 6 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.constantFrom(true, false, null, "l1\nl2\n", "l1\n\nl2", " l1\n", "l1\n  l2\n"),
);
const key = fc.constantFrom("a", "b", "key_1", "x-y", "x.y", "true", "null", "1", "a b", "<<");

Deno.test("whatever is written by a writer of YAML is read as the package reads it, or not at all", () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4 }),
    ),
  })).value;
  const style = fc.record({
    indent: fc.constantFrom(2, 3, 4),
    indentSeq: fc.boolean(),
    singleQuote: fc.constantFrom(true, false, null),
    flow: fc.boolean(),
    width: fc.constantFrom(0, 20),
  });
  fc.assert(
    fc.property(fc.dictionary(key, value, { maxKeys: 4 }), style, (data, style) => {
      const { indent, indentSeq, singleQuote, flow, width } = style;
      isRead(stringify(data, {
        ...{ indent, indentSeq, singleQuote, lineWidth: width },
        ...(flow ? { collectionStyle: "flow" } : {}),
      }));
    }),
    { numRuns: 1500 },
  );
});

Deno.test("whatever is typed is read as the package reads it, or not at all", () => {
  const piece = fc.constantFrom(
    ...[
      "a",
      "b",
      "c",
      "1",
      "-",
      " ",
      " ",
      "  ",
      "    ",
      ":",
      ": ",
      ": ",
      "\n",
      "\n",
      "\n",
      "\n  ",
      "\n    ",
      "\n- ",
    ],
    ...[
      "\n  - ",
      "- ",
      "#",
      " #",
      "'",
      '"',
      "{",
      "}",
      "[",
      "]",
      ", ",
      ",",
      "|",
      "|\n    ",
      "~",
      "null",
      "true",
      ".",
    ],
    ...[
      "a: ",
      "b: ",
      "c:\n  ",
      "a: 1\n",
      "b: x\n",
      "- a: 1\n",
      "  b: 2\n",
      "d: {a: 1, b: [x, y]}\n",
      "e: 'x' # y\n",
    ],
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      if (isRead(`${pieces.join("")}\n`)) read++;
    }),
    { numRuns: 4000 },
  );
  ok(read > 0, "some of it is read");
});

Deno.test("lines of a configuration that are moved, cut or doubled are read as the package reads them", () => {
  const lines = CONFIGURATION.split("\n");
  const change = fc.record({
    at: fc.nat({ max: lines.length - 1 }),
    how: fc.constantFrom("drop", "double", "indent", "outdent", "cut", "swap"),
    by: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const text = [...lines];
      for (const { at, how, by } of changes) {
        if (how === "drop") text[at] = "";
        if (how === "double") text[at] += `\n${text[at]}`;
        if (how === "indent") text[at] = " ".repeat(by) + text[at];
        if (how === "outdent") text[at] = text[at].slice(by);
        if (how === "cut") text[at] = text[at].slice(0, -by);
        if (how === "swap") text[at] = lines[(at + by) % lines.length];
      }
      isRead(`${text.join("\n")}\n`);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("who asks for a place is called again, with a document that knows it", async () => {
  const seen: unknown[] = [];
  const position = await withDocument("a: 1\nb:\n  c: 2\n", (document) => {
    seen.push(document.value);
    return document.positionOf(["b", "c"]);
  });
  deepStrictEqual(position, { line: 3, column: 3 });
  deepStrictEqual(seen, [{ a: 1, b: { c: 2 } }, { a: 1, b: { c: 2 } }]);
  let calls = 0;
  equal(await withDocument("a: 1\n", () => ++calls), 1);
});
