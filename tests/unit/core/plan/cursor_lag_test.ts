import assert from "node:assert/strict";
import { earlier } from "../../../../core/plan/cursor_lag.ts";

const HOUR = 3_600_000;

Deno.test("cursor_lag: a time before the cursor, in the cursor's own form and precision", () => {
  const cases: [cursor: string, lagMs: number, expected: string][] = [
    ["2026-01-31 10:00:00.123456+00", HOUR, "2026-01-31 09:00:00.123456+00"],
    ["2026-03-01 00:10:00.000001+00", HOUR, "2026-02-28 23:10:00.000001+00"],
    ["2026-01-31 10:00:00.123456789", 500, "2026-01-31 09:59:59.623456789"],
    ["2026-01-31 10:00:00", 1, "2026-01-31 09:59:59.999"],
    ["1970-01-01 00:00:00.000000+00", 1, "1969-12-31 23:59:59.999000+00"],
    ["2026-01-31 10:00:00.123456+00", 0, "2026-01-31 10:00:00.123456+00"],
    // As people set them.
    ["2026-01-31T10:00:00Z", HOUR, "2026-01-31 09:00:00.000+00"],
    ["2026-01-31T10:00:00.5+00:00", HOUR, "2026-01-31 09:00:00.500+00"],
    ["2026-01-31", HOUR, "2026-01-30"],
    ["2026-01-31", 24 * HOUR, "2026-01-30"],
    ["2026-01-31", 25 * HOUR, "2026-01-29"],
    ["0001-01-01", HOUR, "0001-01-01"],
    ["0001-01-01 00:00:00.000000+00", HOUR, "0001-01-01 00:00:00+00"],
  ];
  for (const [cursor, lagMs, expected] of cases) assert.equal(earlier(cursor, lagMs), expected);
});

Deno.test("cursor_lag: a stored cursor that is no time is refused", () => {
  for (const cursor of ["42", "0044-03-15 BC", "2026-01-31 10:00:00.1+01"]) {
    assert.throws(() => earlier(cursor, 1), { code: "CONFIG_INVALID", message: /is no time/ });
  }
});
