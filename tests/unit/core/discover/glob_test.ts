import assert from "node:assert/strict";
import { isWanted, matchesGlob } from "../../../../core/discover/glob.ts";

Deno.test("globs: stars and question marks, everything else is itself", () => {
  const cases: [string, string, boolean][] = [
    ["sales_*", "sales_2025", true],
    ["sales_*", "presales_2025", false],
    ["SALES", "sales", true],
    ["t?", "t1", true],
    ["t?", "t12", false],
    ["a.b", "axb", false],
    ["a[1]", "a[1]", true],
    ["*", "日本 1", true],
    ["t?", "t\u{1F600}", true],
    ["a+(b)|c$", "a+(b)|c$", true],
  ];
  for (const [pattern, name, expected] of cases) {
    assert.equal(matchesGlob(pattern, name), expected, `${pattern} ${name}`);
  }
});

Deno.test("globs: include, then exclude; a dot means the schema too", () => {
  const filter = { include: ["a*", "other.b"], exclude: ["*_tmp"] };
  assert.equal(isWanted(filter, "public", "actor"), true);
  assert.equal(isWanted(filter, "public", "actor_tmp"), false);
  assert.equal(isWanted(filter, "public", "b"), false);
  assert.equal(isWanted(filter, "other", "b"), true);
  assert.equal(isWanted({ include: [], exclude: [] }, "public", "any"), true);
});
