import assert from "node:assert/strict";
import type { ResultSet } from "../../../../../adapters/sources/mysql/connection.ts";
import { plannedRows, scanFacts } from "../../../../../adapters/sources/mysql/explain.ts";

const NAMES = ["id", "select_type", "table", "type", "key", "rows", "filtered"];

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
  const facts = (...rows: (string | null)[][]) => scanFacts(plan(...rows));
  assert.deepEqual(facts(["1", "SIMPLE", "t", "range", "PRIMARY", "9", "100"]), {
    scanType: "range using PRIMARY on t",
    index: "full",
  });
  assert.deepEqual(facts(["1", "SIMPLE", "t", "index", "PRIMARY", "9", "100"]), {
    scanType: "index using PRIMARY on t",
    index: "none",
  });
  // ORDER BY the key LIMIT 1: its first entry.
  assert.deepEqual(facts(["1", "SIMPLE", "t", "index", "PRIMARY", "1", "100"]), {
    scanType: "index using PRIMARY on t",
    index: "full",
  });
  assert.deepEqual(facts(["1", "SIMPLE", "t", "ALL", null, "9", "100"]), {
    scanType: "ALL on t",
    index: "none",
  });
  assert.deepEqual(
    facts(["1", "SIMPLE", "t", "eq_ref", "PRIMARY", "1", "100"], [
      "1",
      "SIMPLE",
      "u",
      "ALL",
      null,
      "9",
      "100",
    ]),
    { scanType: "ALL on u", index: "partial" },
  );
  assert.equal(facts(["1", "SIMPLE", null, null, null, null, null]), null);
  assert.equal(facts(["1", "PRIMARY", "<derived2>", "ALL", null, "9", "100"]), null);
});
