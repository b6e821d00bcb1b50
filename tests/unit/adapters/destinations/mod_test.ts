import assert from "node:assert/strict";
import { openDestination } from "../../../../adapters/destinations/mod.ts";

Deno.test("openDestination opens what is available and says what is not", async () => {
  const local = await openDestination({ type: "local", path: "/no/such/place" });
  assert.equal(local.capabilities.kind, "local");
  assert.equal(local.uri, "/no/such/place");
  assert.equal((await openDestination({ type: "stdout" })).capabilities.kind, "stdout");
  const remote = [
    { type: "s3", bucket: "b", prefix: "" },
    { type: "gcs", bucket: "b", prefix: "" },
    { type: "azure", container: "c", prefix: "" },
  ] as const;
  for (const config of remote) {
    await assert.rejects(openDestination(config), {
      code: "NOT_AVAILABLE",
      message: new RegExp(`${config.type} is not available yet`),
    });
  }
});
