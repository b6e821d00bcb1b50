import assert from "node:assert/strict";
import type { ModeSuggestion } from "../../../../core/discover/suggest_mode.ts";
import { column, DATE, INT, key, LOCAL, refused, table, TEXT, UTC } from "./tables.ts";

const UUID = { kind: "uuid" } as const;
const ID = column("id", INT);
const dense = ["1", "1000000"] as const;

Deno.test("the mode follows size and keys", () => {
  const cases: [string, Parameters<typeof table>[0], ModeSuggestion][] = [
    ["small", { columns: [ID], keys: [key("id")], rows: 100_000 }, { mode: "full" }],
    [
      "one row more",
      { columns: [ID], keys: [key("id")], rows: 100_001, keyRange: dense },
      { mode: "chunked", column: "id", by: "range" },
    ],
    [
      "a sparse key",
      { columns: [ID], keys: [key("id")], keyRange: ["1", "10000000001"] },
      { mode: "chunked", column: "id", by: "key" },
    ],
    [
      "keys over the whole range of 64 bits",
      { columns: [ID], keys: [key("id")], keyRange: [`${-(2n ** 63n)}`, `${2n ** 63n - 1n}`] },
      { mode: "chunked", column: "id", by: "key" },
    ],
    [
      "a key that is no number",
      { columns: [column("uid", UUID)], keys: [key("uid", { integer: false })] },
      { mode: "chunked", column: "uid", by: "key" },
    ],
    [
      "a key that pages cannot be compared by",
      {
        columns: [column("raw", { kind: "binary" }), column("updated_at", UTC)],
        keys: [key("raw", { integer: false })],
      },
      { mode: "incremental", cursor: "updated_at", fallback: null },
    ],
    [
      "a unique integer beside a primary key of text",
      {
        columns: [column("code", TEXT), column("serial", INT)],
        keys: [key("code", { integer: false }), key("serial", { primary: false })],
        keyRange: dense,
      },
      { mode: "chunked", column: "serial", by: "range" },
    ],
    [
      "no key, but a write time",
      { columns: [column("modified", LOCAL), column("created", LOCAL)] },
      { mode: "incremental", cursor: "modified", fallback: null },
    ],
    [
      "a nullable one with a sibling",
      { columns: [column("updated_at?", UTC), column("created_at", UTC)] },
      { mode: "incremental", cursor: "updated_at", fallback: "created_at" },
    ],
    [
      "a nullable one whose sibling is of another type",
      { columns: [column("updated_at?", UTC), column("created_at", LOCAL)] },
      { mode: "incremental", cursor: "created_at", fallback: null },
    ],
    [
      "a nullable one alone would lose rows",
      { columns: [column("updated_at?", UTC)] },
      { mode: "full" },
    ],
    [
      "a birthday says nothing about when a row was written",
      { columns: [column("born", DATE), column("due_at", UTC)] },
      { mode: "full" },
    ],
    [
      "a view",
      { kind: "view", columns: [column("updated_at", UTC)] },
      { mode: "full" },
    ],
    ["nothing to go by", { columns: [column("note", TEXT)] }, { mode: "full" }],
    ["a size that is not known", { rows: null }, { mode: "full" }],
  ];
  for (const [what, parts, suggestion] of cases) {
    assert.deepEqual(table(parts).suggestion, suggestion, what);
  }
});

Deno.test("a mode that is asked for is used where there is a column for it", () => {
  const times = [ID, column("updated_at", UTC)];
  const parts = { columns: times, keys: [key("id")], rows: 10, keyRange: dense };
  assert.deepEqual(table({ ...parts, mode: "incremental" }).suggestion, {
    mode: "incremental",
    cursor: "updated_at",
    fallback: null,
  });
  assert.deepEqual(table({ ...parts, mode: "time_window" }).suggestion, {
    mode: "time_window",
    column: "updated_at",
    days: 7,
  });
  assert.deepEqual(table({ ...parts, mode: "chunked" }).suggestion.mode, "chunked");
  const without = table({ columns: [column("note", TEXT)], rows: 10, mode: "incremental" });
  assert.deepEqual(without.suggestion, { mode: "full" });
  assert.deepEqual(without.notes, ["no column for mode incremental; full instead"]);
});

Deno.test("cursor candidates are ranked, with reasons", () => {
  const { cursors } = table({
    columns: [
      ID,
      column("quantity", INT),
      column("row_version", INT),
      column("born", DATE),
      column("createdAt", UTC),
      column("last_update?", UTC),
      refused("price", { kind: "decimal", precision: 38, scale: 18 }),
    ],
    keys: [key("id")],
    indexed: ["createdAt"],
  });
  assert.deepEqual(cursors.map((c) => [c.column.name, c.score, c.reasons]), [
    ["last_update", 80, ["type_timestamp", "name_update_time"]],
    ["createdAt", 75, ["type_timestamp", "name_create_time", "not_null", "indexed"]],
    ["id", 60, ["type_integer", "not_null", "indexed", "primary_key"]],
    ["row_version", 55, ["type_integer", "name_version", "not_null"]],
    ["born", 35, ["type_date", "not_null"]],
  ]);
});

Deno.test("notes name what a person should look at", () => {
  const { notes } = table({
    columns: [
      ID,
      refused("price", { kind: "decimal", precision: 38, scale: 18 }),
      refused("span", TEXT),
      refused("vector", null),
    ],
    keys: [key("id")],
    keyRange: ["1", "900000000000"],
  });
  assert.deepEqual(notes, [
    "id is sparse: pages of the key follow the rows",
    "price is a bare numeric; decimal(38,18) is a guess, review it",
    "span (odd) cannot be read; it is exported as text",
    "vector (odd) cannot be read; it is cast",
  ]);
});
