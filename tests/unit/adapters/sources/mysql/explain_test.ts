import assert from "node:assert/strict";
import type { ResultSet } from "../../../../../adapters/sources/mysql/connection.ts";
import { plannedRows, scanFacts } from "../../../../../adapters/sources/mysql/explain.ts";

const NAMES = ["id", "select_type", "table", "type", "key", "rows", "filtered", "Extra"];

function plan(...rows: (string | null)[][]): ResultSet {
  return { fields: NAMES.map((name) => ({ name, flags: 0, decimals: 0 })), rows };
}

Deno.test("explain: joins multiply, unions add, subqueries count for nothing", () => {
  assert.equal(plannedRows(plan(["1", "SIMPLE", "t", "ALL", null, "1000", "10.00"])), 100);
  const joined = plan(
    ["1", "PRIMARY", "t", "ALL", null, "100", "50.00"],
    ["1", "PRIMARY", "u", "ref", "k", "3", "100.00"],
    ["2", "SUBQUERY", "v", "ALL", null, "999999", "100.00"],
  );
  assert.equal(plannedRows(joined), 150);
  const union = plan(
    ["1", "PRIMARY", "t", "ALL", null, "10", "100.00"],
    ["2", "UNION", "u", "ALL", null, "20", "100.00"],
    [null, "UNION RESULT", "<union1,2>", "ALL", null, null, null],
  );
  assert.equal(plannedRows(union), 30);
  assert.equal(plannedRows(plan(["1", "SIMPLE", null, null, null, null, null])), null);
});

Deno.test("explain: how the tables are read", () => {
  type Row = readonly (string | null)[];
  const step = (table: string | null, access: string | null, key: string | null, extra = "") =>
    ["1", "SIMPLE", table, access, key, "9", "100", extra] as const;
  const facts = (ordered: boolean, ...rows: Row[]) =>
    scanFacts(plan(...rows.map((row) => [...row])), ordered);
  const is = (
    found: ReturnType<typeof facts>,
    scanType: string,
    index: "full" | "none" | "partial",
    sorted = false,
  ) => assert.deepEqual(found, { scanType, index, sorted });
  is(facts(true, step("t", "range", "PRIMARY")), "range using PRIMARY on t", "full");
  is(facts(true, step("t", "ALL", null)), "ALL on t", "none");
  is(facts(true, step("t", "ALL", null, "Using filesort")), "ALL on t", "none", true);
  is(
    facts(true, step("t", "eq_ref", "PRIMARY"), step("u", "ALL", null)),
    "ALL on u",
    "partial",
  );
  assert.equal(facts(true, step(null, null, null)), null);
  assert.equal(facts(true, step("<derived2>", "ALL", null)), null);
});

Deno.test("explain: walking through an index is a use of it for the order that it has, and no other", () => {
  const walk = (rows: string, extra: string, ordered = true) =>
    scanFacts(plan(["1", "SIMPLE", "t", "index", "k", rows, "100", extra]), ordered)?.index;
  assert.equal(walk("946344", ""), "full");
  assert.equal(walk("946344", "Using index"), "full");
  assert.equal(walk("946344", "Using index", false), "none", "nobody asked for its order");
  assert.equal(walk("946344", "Using index; Using filesort"), "none");
  assert.equal(walk("946344", "Using where; Using index"), "none", "to find a few of its entries");
  assert.equal(walk("1", "Using where; Using index"), "full", "a LIMIT ends it at the first");
});
