import { equal } from "node:assert/strict";
import { decide, type PartFacts, type ResumeAction } from "../../../../core/run/resume_table.ts";

/** The table of M8: in manifest, object there, size equal, content equal (null: unknown), do. */
const TABLE: readonly (readonly [string, PartFacts, ResumeAction])[] = [
  ["M8 row 1: all equal", facts(true, true, true, true), "skip"],
  ["M8 row 1: content unknown", facts(true, true, true, null), "skip"],
  ["M8 row 2: other content", facts(true, true, true, false), "quarantine_and_write"],
  ["M8 row 3: other size", facts(true, true, false, null), "quarantine_and_write"],
  ["M8 row 3: other size and content", facts(true, true, false, false), "quarantine_and_write"],
  ["M8 row 4: gone", facts(true, false, false, null), "write_again"],
  ["M8 row 5: not recorded", facts(false, true, false, null), "quarantine"],
  ["M8 row 6: nothing", facts(false, false, false, null), "write"],
];

function facts(
  recorded: boolean,
  there: boolean,
  sizeEqual: boolean,
  contentEqual: boolean | null,
): PartFacts {
  return { recorded, there, sizeEqual, contentEqual };
}

for (const [name, given, action] of TABLE) {
  Deno.test(name, () => equal(decide(given), action));
}
