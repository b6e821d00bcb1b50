import { equal } from "node:assert/strict";
import { renderTable } from "../../../../cli/render/table.ts";

const COLUMNS = [
  { header: "NAME", minWidth: 10 },
  { header: "ROWS", minWidth: 8, align: "right" as const },
  { header: "CREATED" },
];

Deno.test("columns align and the rule spans the table", () => {
  const table = renderTable(COLUMNS, [["a", "5", "now"], ["orders", "50000", "then"]]);
  equal(
    table,
    [
      "NAME           ROWS CREATED",
      "---------------------------",
      "a                 5 now",
      "orders        50000 then",
    ].join("\n"),
  );
});

Deno.test("minimum widths that do not fit the terminal are given up, content never is", () => {
  const rows = [["orders", "50000", "then"]];
  equal(
    renderTable(COLUMNS, rows, 20),
    "NAME    ROWS CREATED\n--------------------\norders 50000 then",
  );
  equal(
    renderTable(COLUMNS, rows, 12),
    "NAME    ROWS CREATED\n------------\norders 50000 then",
  );
});
