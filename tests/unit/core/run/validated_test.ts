import { equal } from "node:assert/strict";
import { validatedOf } from "../../../../core/run/finish_run.ts";
import { RivetError } from "../../../../core/base/errors.ts";

Deno.test("validated is false only when validation ran and found something", () => {
  const bad = new RivetError("VALIDATION_FAILED", "a part is missing");
  const other = new RivetError("RECONCILE_MISMATCH", "2 rows less");
  const absent = new RivetError("SOURCE_OBJECT_NOT_FOUND", "no such table");
  const cases: [boolean, RivetError | null, string | null, boolean | null][] = [
    [true, null, "1 verified: 1 md5", true],
    [true, bad, "0 verified", false],
    [true, bad, null, false],
    [true, other, null, null],
    [true, absent, null, null],
    [false, null, null, null],
    [false, bad, null, null],
    // `verify: content` validates without being asked by a flag.
    [false, bad, "0 verified", false],
  ];
  for (const [asked, error, coverage, expected] of cases) {
    equal(validatedOf(asked, error, coverage), expected);
  }
});
