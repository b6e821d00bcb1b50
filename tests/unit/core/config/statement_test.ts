import assert from "node:assert/strict";
import { withoutSemicolon } from "../../../../core/config/statement.ts";

Deno.test("statement: closing semicolons and the blanks around a query are left out", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["SELECT 1", "SELECT 1"],
    [" SELECT 1 ; ;\n", "SELECT 1"],
    ["SELECT ';' ;", "SELECT ';'"],
    ["SELECT 1; SELECT 2;;", "SELECT 1; SELECT 2"],
    ["\u00a0SELECT 1\u2003;\ufeff", "SELECT 1"],
    [" ;\n; ", ""],
    ["", ""],
  ];
  for (const [query, bare] of cases) assert.equal(withoutSemicolon(query), bare, query);
});
