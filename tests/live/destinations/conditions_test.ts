/** Stores that do not know conditional writes: nothing is overwritten all the same. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { putFile } from "../../conformance/destination.ts";
import { WRITE } from "../../support/destinations.ts";
import { startS3 } from "../../support/s3.ts";

for (const conditions of ["ignored", "refused"] as const) {
  Deno.test(`s3, conditions ${conditions}: the probe says so, and a taken name stays`, async () => {
    const server = await startS3(conditions);
    const destination = await server.open("out");
    try {
      assert.equal((await destination.probe(WRITE)).createOnly, false);
      const [first, second] = [new Uint8Array(10).fill(1), new Uint8Array(10).fill(2)];
      await putFile(destination, "part.csv", first);
      const file = join(await destination.stagingDir(), "part.tmp");
      await Deno.writeFile(file, second);
      assert.equal(await destination.put({ file, md5: "" }, "part.csv"), "taken");
      assert.deepEqual(await destination.read("part.csv"), first);
      // Without a probe, too.
      const unprobed = await server.open("out");
      if (conditions === "refused") {
        assert.equal(await unprobed.put({ file, md5: "" }, "part.csv"), "taken");
      }
      await putFile(unprobed, "other.csv", second);
      assert.deepEqual(await unprobed.read("other.csv"), second);
      await unprobed.close();
    } finally {
      await destination.close();
      await server.stop();
    }
  });
}
