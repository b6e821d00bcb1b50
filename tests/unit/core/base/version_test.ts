import { equal } from "node:assert/strict";
import { RIVET_VERSION } from "../../../../core/base/version.ts";
import manifest from "../../../../deno.json" with { type: "json" };

Deno.test("the version is that of deno.json", () => {
  equal(RIVET_VERSION, manifest.version);
});
