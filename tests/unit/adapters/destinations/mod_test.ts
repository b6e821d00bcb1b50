import assert from "node:assert/strict";
import { openDestination } from "../../../../adapters/destinations/mod.ts";

Deno.test("openDestination opens what needs nothing", async () => {
  const local = await openDestination({ type: "local", path: "/no/such/place" });
  assert.equal(local.capabilities.kind, "local");
  assert.equal(local.uri, "/no/such/place");
  assert.equal((await openDestination({ type: "stdout" })).capabilities.kind, "stdout");
});
