import fc from "fast-check";
import assert from "node:assert/strict";
import { exportNames } from "../../../../core/init/export_names.ts";

Deno.test("names of tables become names of exports", () => {
  assert.deepEqual(
    exportNames(["orders", "Order Lines/2025", "a b", "a_b", "Orders", "...", "日本", ".x."]),
    ["orders", "Order_Lines_2025", "a_b_2", "a_b", "Orders_2", "table", "日本", "x"],
  );
});

Deno.test("any names: valid, short, and different even where case does not count", () => {
  fc.assert(fc.property(
    fc.uniqueArray(
      fc.oneof(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 }),
        fc.constantFrom("a", "A", "a_2", "a b", "a_b"),
      ),
    ),
    (tables) => {
      const names = exportNames(tables);
      for (const name of names) {
        assert.match(name, /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u);
        assert.ok(name.length <= 100 && !name.endsWith("."), name);
      }
      assert.equal(new Set(names.map((n) => n.toLowerCase())).size, names.length);
    },
  ));
});
