/** A small table of the scripted server, shared by tests. */
import { column, result } from "../../../../support/tds/script.ts";
import type { Rule, Step } from "../../../../support/tds/server.ts";
import { type Cell, types as t } from "../../../../support/tds/types.ts";

export const QUERY = "SELECT * FROM items";
export const ITEMS = [column("id", t.intNotNull(), false), column("name", t.nvarchar(40))];

export const rowsOf = (count: number): Cell[][] =>
  Array.from({ length: count }, (_, i) => [i + 1, i % 3 === 2 ? null : `item ${i + 1}`]);

/** The probe of `QUERY`, and `reply` for the statement that reads it. */
export function itemsRules(reply: () => Iterable<Step>): Rule[] {
  return [
    { sql: "SELECT TOP (0)", reply: () => result(ITEMS, []) },
    { sql: "FROM items", reply },
  ];
}
