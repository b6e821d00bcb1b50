/** A sample of `deno task torture --only tables`, which dies around every object. */
import assert from "node:assert/strict";
import { type Format, type KillAt, killCheckpoint, killRepair } from "./table_kills.ts";

/** Two parts, then the commit: Delta's is one object, Iceberg's the last of three. */
const REPAIRS: readonly (readonly [Format, KillAt])[] = [
  ["delta", ["destination.put", 3, "after"]],
  ["iceberg", ["destination.put", 5, "after"]],
];

for (const [format, at] of REPAIRS) {
  Deno.test(`${format}: a repair that dies ${at[2]} ${at[0]} #${at[1]} is made once`, async () => {
    assert.ok(await killRepair(format, at), "the point was never reached");
  });
}

Deno.test("delta: a run that dies between its commit and its checkpoint is there once", async () => {
  assert.ok(await killCheckpoint(["destination.put", 2, "after"]), "the point was never reached");
});
