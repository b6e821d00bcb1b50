import { equal, match } from "node:assert/strict";
import { windowsProblem } from "../../../../core/base/path_names.ts";

Deno.test("names that Windows would take for something else", () => {
  for (const name of ["a:b", "what?", 'a"b', "a<b", "a|b", "line\nbreak"]) {
    match(windowsProblem(name) ?? "", /cannot have in a name/, name);
  }
  for (const name of ["con", "NUL", "aux.parquet", "com1", "LPT9.csv"]) {
    match(windowsProblem(name) ?? "", /device/, name);
  }
  for (const name of ["a.", "a "]) match(windowsProblem(name) ?? "", /drops/, name);
  // What runs leave.
  const own = [
    "nul_20260131_000000.parquet",
    "day=2026-01-31",
    "manifest-a_20260131T000000.123.json",
  ];
  for (const name of [...own, "_SUCCESS", ".rivet-staging", "console"]) {
    equal(windowsProblem(name), null, name);
  }
});
