/** What is committed of the kernels is what their sources say. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { compiled, KERNELS } from "../support/kernels.ts";

for (const kernel of KERNELS) {
  Deno.test(`${kernel.folder} is compiled from its sources`, async () => {
    const path = fileURLToPath(new URL(`../../${kernel.folder}/wasm.ts`, import.meta.url));
    const committed = await Deno.readTextFile(path);
    assert.ok(await compiled(kernel) === committed, "run deno task kernels");
  });
}
