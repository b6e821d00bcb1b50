import assert from "node:assert/strict";
import { civilDate, civilDays } from "../../../../core/types/civil.ts";

Deno.test("civil: every day of two eras around the epoch is the platform's date and back", () => {
  const first = Date.UTC(1700, 0, 1) / 86_400_000;
  const last = Date.UTC(2400, 0, 1) / 86_400_000;
  let seen = 0;
  for (let days = first; days <= last; days++, seen++) {
    const date = new Date(days * 86_400_000);
    const { year, month, day } = civilDate(days);
    if (
      year !== date.getUTCFullYear() || month !== date.getUTCMonth() + 1 ||
      day !== date.getUTCDate() || civilDays(year, month, day) !== days
    ) assert.fail(`day ${days} became ${year}-${month}-${day}`);
  }
  assert.equal(seen, last - first + 1);
});

Deno.test("civil: years before the first and far from it", () => {
  assert.deepEqual(civilDate(-719_528), { year: 0, month: 1, day: 1 });
  assert.deepEqual(civilDate(-719_529), { year: -1, month: 12, day: 31 });
  for (
    const [year, month, day] of [[-4713, 11, 24], [0, 2, 29], [9999, 12, 31], [294_276, 12, 31]]
  ) {
    assert.deepEqual(civilDate(civilDays(year, month, day)), { year, month, day });
  }
});
