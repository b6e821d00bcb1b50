import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import { annotate, type Schedule } from "../../../../core/artifact/annotate.ts";

const schedule = (...names: string[]): Map<string, Schedule> =>
  new Map(names.map((name, i) => [name, { wave: i + 1, parallelSafe: i % 2 === 0 }]));

/** What must be added, where; everything else stays byte for byte. */
const CASES: readonly (readonly [what: string, before: string, after: string])[] = [
  [
    "comments, blank lines and quoting",
    `# top\nsource: {type: postgres}   # flow\n\nexports:\n  # first\n  - name: "a"   # the name\n    table: 'a'\n\n  - table: b\n    name: b\n# end\n`,
    `# top\nsource: {type: postgres}   # flow\n\nexports:\n  # first\n  - name: "a"   # the name\n    wave: 1\n    parallel_safe: true\n    table: 'a'\n\n  - table: b\n    name: b\n    wave: 2\n    parallel_safe: false\n# end\n`,
  ],
  [
    "CRLF and a byte order mark",
    `\uFEFFexports:\r\n- name: a\r\n  table: a\r\n- name: b\r\n`,
    `\uFEFFexports:\r\n- name: a\r\n  wave: 1\r\n  parallel_safe: true\r\n  table: a\r\n- name: b\r\n  wave: 2\r\n  parallel_safe: false\r\n`,
  ],
  [
    "no newline at the end",
    `exports:\n- {name: a}\n- name: b`,
    `exports:\n- {name: a, wave: 1, parallel_safe: true}\n- name: b\n  wave: 2\n  parallel_safe: false`,
  ],
  [
    "CRLF and no newline at the end",
    `exports:\r\n- name: a\r\n- name: b`,
    `exports:\r\n- name: a\r\n  wave: 1\r\n  parallel_safe: true\r\n- name: b\r\n  wave: 2\r\n  parallel_safe: false`,
  ],
  [
    "flow style over lines, with comments",
    `exports: [\n  { name: a, # one\n    table: a },\n  {table: b,\n   name: b\n  },\n]\n`,
    `exports: [\n  { name: a, wave: 1, parallel_safe: true, # one\n    table: a },\n  {table: b,\n   name: b, wave: 2, parallel_safe: false\n  },\n]\n`,
  ],
  [
    "JSON",
    `{"exports": [{"name": "a", "table": "a"}, {"name": "b"}]}`,
    `{"exports": [{"name": "a", "wave": 1, "parallel_safe": true, "table": "a"}, {"name": "b", "wave": 2, "parallel_safe": false}]}`,
  ],
  [
    "odd indentation and a dash on its own line",
    `exports:\n       -     name:    a\n             table: a\n       -\n         # below\n              \n         name: b\n         table: b\n`,
    `exports:\n       -     name:    a\n             wave: 1\n             parallel_safe: true\n             table: a\n       -\n         # below\n              \n         name: b\n         wave: 2\n         parallel_safe: false\n         table: b\n`,
  ],
  [
    "anchors, aliases and merges",
    `exports:\n- &base\n  name: &n a\n  table: *n\n- <<: *base\n  name: b\n`,
    `exports:\n- &base\n  name: &n a\n  wave: 1\n  parallel_safe: true\n  table: *n\n- <<: *base\n  name: b\n  wave: 2\n  parallel_safe: false\n`,
  ],
  [
    "an anchor on the first key",
    `exports:\n- &k name: a\n  table: a\n- name: b\n`,
    `exports:\n- &k name: a\n  wave: 1\n  parallel_safe: true\n  table: a\n- name: b\n  wave: 2\n  parallel_safe: false\n`,
  ],
  [
    "explicit keys",
    `exports:\n- ? name\n  : a\n  ? table\n  : a\n- name: b\n`,
    `exports:\n- ? name\n  : a\n  wave: 1\n  parallel_safe: true\n  ? table\n  : a\n- name: b\n  wave: 2\n  parallel_safe: false\n`,
  ],
  [
    "a name over several lines",
    `exports:\n- name: >-\n    a\n  table: a\n- name: "b"\n`,
    `exports:\n- name: >-\n    a\n  wave: 1\n  parallel_safe: true\n  table: a\n- name: "b"\n  wave: 2\n  parallel_safe: false\n`,
  ],
  [
    "values that are there already, wherever they stand",
    `exports:\n- name: a\n  wave: 9   # by hand\n  table: a\n  parallel_safe:   false\n- {parallel_safe: true, wave:  7, name: b}\n`,
    `exports:\n- name: a\n  wave: 1   # by hand\n  table: a\n  parallel_safe:   true\n- {parallel_safe: false, wave:  2, name: b}\n`,
  ],
  [
    "one of the two, and a key without a value",
    `exports:\n- name: a\n  table: a\n  wave: 3\n- name: b\n  parallel_safe:\n  table: b\n`,
    `exports:\n- name: a\n  table: a\n  wave: 1\n  parallel_safe: true\n- name: b\n  parallel_safe: false\n  wave: 2\n  table: b\n`,
  ],
  [
    "characters of several bytes",
    `# žluťoučký 🐎\nexports:\n- name: a # ä\n  query: "SELECT '日本'"\n- name: b\n`,
    `# žluťoučký 🐎\nexports:\n- name: a # ä\n  wave: 1\n  parallel_safe: true\n  query: "SELECT '日本'"\n- name: b\n  wave: 2\n  parallel_safe: false\n`,
  ],
];

for (const [what, before, after] of CASES) {
  Deno.test(`write-back: ${what}`, () => {
    const result = annotate(before, schedule("a", "b"));
    deepEqual(result, { text: after, skipped: [] });
    equal(annotate(after, schedule("a", "b")).text, after, "the same plan changes nothing");
  });
}

Deno.test("write-back: what cannot take the fields is left alone and named", () => {
  const shared = "exports:\n- name: a\n  wave: &w 5\n  chunk_size: *w\n- name: b\n";
  const { text, skipped } = annotate(shared, schedule("a", "b"));
  deepEqual(skipped, ["a"], "another key means the value that would change");
  equal(text, `${shared.trimEnd()}\n  wave: 2\n  parallel_safe: false\n`);
  deepEqual(annotate("exports: []\n", schedule("a")), { text: "exports: []\n", skipped: ["a"] });
});

/** A file as somebody might write it: style, indentation, line ends and comments at random. */
const files = fc.record({
  names: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), { minLength: 2, maxLength: 5 }),
  style: fc.constantFrom("block", "flow", "mixed"),
  indent: fc.integer({ min: 0, max: 5 }),
  gap: fc.integer({ min: 1, max: 4 }),
  eol: fc.constantFrom("\n", "\r\n"),
  bom: fc.boolean(),
  comment: fc.constantFrom("", " # why", " # - name: {x: 1}"),
  nameFirst: fc.boolean(),
  lastEol: fc.boolean(),
}).map((f) => {
  const pad = " ".repeat(f.indent);
  const lines = f.names.flatMap((name, i) => {
    const flow = f.style === "flow" || f.style === "mixed" && i % 2 === 1;
    if (flow) return [`${pad}-${" ".repeat(f.gap)}{ name: ${name},table: "t" }${f.comment}`];
    const keys = f.nameFirst ? [`name: ${name}`, "table: t"] : ["table: t", `name: "${name}"`];
    const dash = `${pad}-${" ".repeat(f.gap)}`;
    return [
      `${dash}${keys[0]}${f.comment}`,
      "",
      `${" ".repeat(dash.length)}${keys[1]}${f.comment}`,
    ];
  });
  const text = ["# file", `exports:${f.comment}`, ...lines].join(f.eol) + (f.lastEol ? f.eol : "");
  return { names: f.names, text: (f.bom ? "\uFEFF" : "") + text };
});

Deno.test("write-back: taking out what was written gives the original bytes", () => {
  fc.assert(fc.property(files, ({ names, text }) => {
    const schedules = schedule(...names);
    const { text: written, skipped } = annotate(text, schedules);
    deepEqual(skipped, []);
    const back = written
      .replace(/, wave: \d+, parallel_safe: (true|false)/g, "")
      .replace(/\r?\n *wave: \d+\r?\n *parallel_safe: (true|false)(?=\r?\n|$)/g, "");
    equal(back, text);
    const { exports } = parse(written) as { exports: { name: string; wave: number }[] };
    deepEqual(exports.map((e) => e.wave), names.map((n) => schedules.get(n)?.wave));
    equal(annotate(written, schedules).text, written);
  }));
});
