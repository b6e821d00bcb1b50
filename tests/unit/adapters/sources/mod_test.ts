import assert from "node:assert/strict";
import { sourceFactory } from "../../../../adapters/sources/mod.ts";
import { RivetError } from "../../../../core/base/errors.ts";

Deno.test("sources: an engine is loaded by its type", async () => {
  assert.equal((await sourceFactory("postgres")).type, "postgres");
});

Deno.test("sources: an unknown type says which ones there are", async () => {
  await assert.rejects(sourceFactory("oracle"), (error) => {
    assert.ok(error instanceof RivetError);
    assert.equal(error.code, "NOT_AVAILABLE");
    assert.match(error.hint ?? "", /postgres/);
    return true;
  });
});
